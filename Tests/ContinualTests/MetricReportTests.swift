import Continual
import Settings
import Testing

@Suite struct MetricReportTests {
    @Test func jsonHasEveryKey() {
        let json = MetricReport(MetricTests.scores, random: MetricTests.random, joint: MetricTests.joint).json
        #expect(json.asObject?.keys.sorted() == ["AIA", "BWT", "FWT", "LA", "OP", "forgetting", "intransigence", "reasons"])
        #expect(json["reasons"] == [:])
        #expect(json["OP"]?.asDouble.map { abs($0 - 0.65) < 1e-12 } == true)
        #expect(json.canonicalJSON.hasPrefix("{\"AIA\":0.6166"))
    }

    @Test func whatIsMissingIsNullWithAReason() {
        let json = MetricReport(ScoreMatrix(tasks: ["a"], rounds: [[0.5]])).json
        #expect(
            json == [
                "AIA": 0.5, "BWT": nil, "FWT": nil, "LA": 0.5, "OP": 0.5, "forgetting": nil, "intransigence": nil,
                "reasons": [
                    "BWT": "needs at least 2 tasks", "FWT": "needs at least 2 tasks", "forgetting": "needs at least 2 tasks",
                    "intransigence": "needs the scores of a jointly trained model",
                ],
            ])
    }

    @Test func tableShowsFourDecimalsAndDefinitions() {
        let table = MetricReport(MetricTests.scores, random: MetricTests.random).table
        #expect(
            table == """
                OP              0.6500  mean over tasks i of R[T][i]; divisor T
                BWT            -0.0750  mean over i < T of R[T][i] - R[i][i]; divisor T-1; negative: forgetting
                FWT             0.2000  mean over i >= 2 of R[i-1][i] - b[i], b of a random model; divisor T-1; positive: earlier tasks help
                forgetting      0.0750  mean over j < T of max over l < T of R[l][j], minus R[T][j]; divisor T-1; positive: forgetting
                intransigence        -  needs the scores of a jointly trained model
                LA              0.7000  mean over tasks i of R[i][i]; divisor T
                AIA             0.6167  mean over rounds t of the mean over i <= t of R[t][i]; divisors t, T

                """)
    }

    @Test(arguments: [
        (0.00004, "0.0000"), (-0.00004, "0.0000"), (-12.34567, "-12.3457"), (1e300, "1e+300"), (99_999_999_999, "99999999999.0000"),
    ])
    func decimals(value: Double, text: String) {
        #expect(MetricReport(ScoreMatrix(tasks: ["a"], rounds: [[value]])).table.split(separator: "\n")[0].split(separator: " ")[1] == text)
    }

    @Test func everyMetricIsExplained() {
        #expect(Set(Metric.definitions.keys) == Set((Metric.names + Metric.stabilityNames).flatMap { [$0, $0 + "_loss"] }))
        #expect(Metric.definitions["BWT_loss"] == "mean over i < T of L[i][i] - L[T][i]; divisor T-1; negative: forgetting")
    }
}
