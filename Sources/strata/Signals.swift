import Experiments
import Foundation

/// What a signal asks this process for.
let interruption = Interruption()

/// Lets the first of these signals ask for a stop after the step that is going on; the next one ends the process at once, with
/// status 130. Nothing is lost either way.
func stopOnSignals(_ signals: [Int32]) {
    // A global is made when it is first used, which must not happen in a signal handler.
    _ = interruption.isRequested
    for number in signals {
        signal(number) { _ in
            guard interruption.request() else { _exit(130) }
            let message: StaticString = "\nstopping after this step; once more stops at once\n"
            _ = write(2, message.utf8Start, message.utf8CodeUnitCount)
        }
    }
}

/// Least seconds between two saved states of a stage: STRATA_SAVE_SECONDS, or 5.
func saveSeconds() throws -> Double {
    guard let text = ProcessInfo.processInfo.environment["STRATA_SAVE_SECONDS"], !text.isEmpty else { return 5 }
    guard let seconds = Double(text), seconds >= 0, seconds.isFinite else {
        throw Failure.wrongInput("strata: STRATA_SAVE_SECONDS is '\(text)', expected a number of at least 0")
    }
    return seconds
}
