/// What stands below every table of results.
enum TableFooter {
    static func lines(_ file: PublishedFile) -> [String] { general + file.experiment.notes }

    private static let general = [
        "Mean ± half the 95 % interval (Student t) over n runs; n=1 has no interval; in a base row n counts base models.",
        "Loss: nats a token on held-out text, lower is better. Accuracy: share of questions answered rightly.",
        "With T tasks, BWT, FWT and forgetting are divided by T-1. Negative BWT means forgetting, for losses (sign turned) as for "
            + "scores; so does positive forgetting.",
    ]
}
