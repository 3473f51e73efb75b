import Kernels
import Testing

@testable import Corpus

@Suite struct ArithmeticTests {
    @Test func answersAreRight() throws {
        var random = RandomStream(seed: 1, "problems")
        var stepCounts: Set<Int> = []
        var signs: Set<Substring> = []
        for _ in 0..<2000 {
            let question = ArithmeticProblem(&random).question
            // Worked out anew from the text of the answer: "2 + 3 = 5. 5 x 2 = 10. The answer is 10".
            let sentences = question.answer.dropFirst().split(separator: ".")
            var result: Int?
            for sentence in sentences.dropLast() {
                let words = sentence.split(separator: " ")
                try #require(words.count == 5 && words[3] == "=")
                let left = try #require(Int(words[0])), right = try #require(Int(words[2]))
                if let result { #expect(left == result) }
                signs.insert(words[1])
                switch words[1] {
                case "+": result = left + right
                case "-": result = left - right
                case "x": result = left * right
                default:
                    #expect(words[1] == ":" && left % right == 0)
                    result = left / right
                }
                #expect(Int(words[4]) == result)
                // What goes in stands in the story, unless the step before made it.
                #expect(question.prompt.split { !$0.isNumber }.contains(words[2]))
            }
            stepCounts.insert(sentences.count - 1)
            let final = try #require(result)
            #expect(sentences.last == " The answer is \(final)")
            #expect((0...99).contains(final))
        }
        #expect(stepCounts == [1, 2] && signs == ["+", "-", "x", ":"])
    }

    @Test func steps() {
        let results = [("+", 7), ("-", 3), ("x", 10), (":", 2)] as [(Character, Int)]
        for (sign, result) in results { #expect(ArithmeticProblem.Step(left: 5, sign: sign, right: 2).result == result) }
    }
}
