import Foundation
import Synchronization

/// The terminal as a page that is drawn again and again: the other screen, without a cursor, lines cut and not wrapped. However the program ends,
/// by itself, by Ctrl-C, TERM or HUP, the terminal is as it was; Ctrl-Z gives it back until the program goes on.
final class LiveScreen {
    /// Standard output is a terminal that knows how to move.
    static var isAtHand: Bool { isatty(1) == 1 && !["", "dumb"].contains(ProcessInfo.processInfo.environment["TERM"] ?? "") }

    /// Characters of a line but for the last, behind which clearing the rest of the line would clear it too, and lines.
    static var size: (width: Int, height: Int) {
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1, size.ws_row > 0 else { return (79, 24) }
        return (Int(size.ws_col) - 1, Int(size.ws_row))
    }

    init() {
        // Globals are made when they are first used, which must not happen in a signal handler.
        asksToEnd.store(false, ordering: .relaxed)
        isCovered.store(false, ordering: .relaxed)
        for number in [SIGINT, SIGTERM, SIGHUP] { signal(number) { _ in asksToEnd.store(true, ordering: .relaxed) } }
        signal(SIGTSTP, stop)
        put(enter)
    }

    var isAskedToEnd: Bool { asksToEnd.load(ordering: .relaxed) }

    /// Whether something else stood on the terminal since the last drawing.
    var isStale: Bool { isCovered.load(ordering: .relaxed) }

    /// One write, each line over the old one and cleared to its end: nothing is blank in between.
    func draw(_ lines: [String]) {
        isCovered.store(false, ordering: .relaxed)
        let text = "\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J"
        // A terminal that is gone sends HUP.
        try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    }

    func leave() {
        signal(SIGTSTP, SIG_DFL)
        put(exit)
    }
}

private let asksToEnd = Atomic<Bool>(false)
private let isCovered = Atomic<Bool>(false)
/// The other screen, no wrapping, no cursor; and back.
private let enter: StaticString = "\u{1B}[?1049h\u{1B}[?7l\u{1B}[?25l\u{1B}[2J"
private let exit: StaticString = "\u{1B}[?25h\u{1B}[?7h\u{1B}[?1049l"

private func put(_ text: StaticString) { _ = write(1, text.utf8Start, text.utf8CodeUnitCount) }

/// Stops here, unless there is nobody who could let it go on: then the system stops nothing.
private func stop(_ number: Int32) {
    put(exit)
    signal(SIGTSTP, SIG_DFL)
    raise(SIGTSTP)
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTSTP)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    signal(SIGTSTP, stop)
    put(enter)
    isCovered.store(true, ordering: .relaxed)
}
