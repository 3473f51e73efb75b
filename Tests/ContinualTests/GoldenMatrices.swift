import Continual

/// Score matrices that TRACE (arXiv 2310.06762) published in its tables 8, 13 and 18, as printed: a row a task, from the round in
/// which it was trained to the last.
struct GoldenMatrix: CustomStringConvertible {
    var description: String
    var tasks: [[Double]]
    var op: Double
    var bwt: Double
    var la: Double
    var forgetting: Double
    var forgettingIncludingLast: Double
    var aia: Double

    /// A row a round, NaN above the diagonal.
    var scores: ScoreMatrix {
        let count = tasks.count
        var rounds = [[Double]](repeating: [Double](repeating: .nan, count: count), count: count)
        for (task, row) in tasks.enumerated() {
            for (offset, score) in row.enumerated() { rounds[task + offset][task] = score }
        }
        return ScoreMatrix(tasks: (1...count).map { "task \($0)" }, rounds: rounds)
    }

    static let all = [
        GoldenMatrix(
            description: "table 8, sequential",
            tasks: [
                [0.5, 0.456, 0.448, 0.453, 0.435, 0.442, 0.436, 0.454], [0.735, 0.67, 0.658, 0, 0.595, 0.577, 0.609],
                [0.523, 0.459, 0.433, 0.446, 0.442, 0.457], [0.58, 0.459, 0.509, 0.508, 0.512], [0.764, 0.636, 0.45, 0.637],
                [0.383, 0.247, 0.272], [0.582, 0.548], [0.408],
            ], op: 0.4871, bwt: -0.0826, la: 0.5594, forgetting: 0.0826, forgettingIncludingLast: 0.0826, aia: 0.5063),
        GoldenMatrix(
            description: "table 13, LoRA",
            tasks: [
                [0.511, 0.45, 0.412, 0.373, 0.133, 0.391, 0.294, 0.277], [0.713, 0.55, 0.452, 0, 0.421, 0.341, 0.24],
                [0.51, 0.212, 0.151, 0.067, 0.037, 0.121], [0.578, 0.004, 0.495, 0.452, 0.004], [0.68, 0.645, 0.535, 0], [0.37, 0.235, 0],
                [0.486, 0], [0.37],
            ], op: 0.1265, bwt: -0.4580, la: 0.5272, forgetting: 0.4580, forgettingIncludingLast: 0.4580, aia: 0.3806),
        GoldenMatrix(
            description: "table 18, replay",
            tasks: [
                [0.471, 0.487, 0.485, 0.5, 0.486, 0.475, 0.493, 0.5], [0.734, 0.769, 0.785, 0.807, 0.781, 0.785, 0.8],
                [0.499, 0.496, 0.507, 0.494, 0.492, 0.51], [0.543, 0.561, 0.546, 0.552, 0.55], [0.763, 0.78, 0.78, 0.785],
                [0.358, 0.309, 0.37], [0.486, 0.52], [0.406],
            ], op: 0.5551, bwt: 0.0259, la: 0.5325, forgetting: -0.0051, forgettingIncludingLast: 0.0026, aia: 0.5695),
    ]
}
