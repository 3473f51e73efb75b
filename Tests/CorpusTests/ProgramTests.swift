import Foundation
import Kernels
import TestSupport
import Testing

@testable import Corpus

@Suite struct ProgramTests {
    private func output(_ source: String) throws -> [Int] { try Program(source: source).output() }

    @Test(arguments: [
        ("print 2 + 3 * 4 - 1", [13]), ("print 10 - 3 - 2", [5]), ("let a = 3\nlet a = a * a\nprint a\nprint a + 1", [9, 10]),
        ("if 1 < 2 then\nprint 1\nelse\nprint 2\nend", [1]), ("if 1 > 2 then\nprint 1\nelse\nprint 2\nend", [2]), ("if 2 == 2 then\nprint 1\nend", [1]),
        ("if 2 == 3 then\nprint 1\nend", []), ("let a = 1\nrepeat 3 times\n  let a = a + a\nend\nprint a", [8]), ("repeat 0 times\nprint 1\nend", []),
        ("repeat 1 - 5 times\nprint 1\nend", []), ("let s = 0\nfor i in [3, 1, 4]\nlet s = s + i\nend\nprint s\nprint i", [8, 4]),
        ("let r = [3, 1, 4]\nprint r[1]\nprint r[1 + 2]\nprint size(r) + sum(r) * largest(r)", [3, 4, 35]), ("print sum([1, 2 * 3])", [7]),
        ("define f(x)\nif x > 3 then\nreturn x\nend\nreturn x * 2\nend\nprint f(2) + f(5)", [9]),
        ("define f(x)\nrepeat 5 times\nlet x = x + 1\nif x > 3 then\nreturn x\nend\nend\nreturn 0\nend\nprint f(1)\nprint f(2)", [4, 4]),
        ("let x = 1\ndefine f(x)\nlet x = x + 1\nreturn x\nend\nprint f(5)\nprint x", [6, 1]),
        ("define f(x)\nif x < 1 then\nreturn 0\nend\nreturn x + f(x - 1)\nend\nprint f(5)", [15]),
        ("# nothing\n\n   print 7   # seven\n", [7]), ("", []),
    ])
    func runs(_ source: String, _ expected: [Int]) throws {
        #expect(try output(source) == expected)
    }

    @Test func tracesWhatIsWorkedOut() throws {
        let source = "let r = [3, 1, 4]\nlet a = 2 * 3 + size(r)\nif a > largest(r) then\nprint sum(r) - 1\nend\nprint a"
        let (printed, trace) = try Program(source: source).run()
        #expect(printed == [7, 9])
        #expect(trace == ["2 * 3 = 6", "size is 3", "6 + 3 = 9", "largest is 4", "9 > 4 is true", "3 + 1 = 4", "4 + 4 = 8", "8 - 1 = 7"])
    }

    @Test(arguments: [
        ("print", 1), ("print a", 1), ("let a = 1\nprint a b", 2), ("let 3 = a", 1), ("let end = 3", 1), ("repeat 2 times\nprint 1", 2), ("end", 1),
        ("if 1 then\nend", 1), ("if 1 < 2\nend", 1), ("else", 1), ("jump", 1), ("print 1 +", 1), ("print (1)", 1), ("print [1", 1), ("print [1]", 1),
        ("let a = [1]\nprint a[2]", 2), ("let a = [1]\nprint a[0]", 2), ("let a = 1\nprint a[1]", 2), ("for i in 3\nend", 1), ("print f(1)", 1),
        ("define f(x)\nlet y = x\nend\nprint f(1)", 4), ("return 1", 1), ("define size(x)\nreturn 1\nend", 1), ("define f(x)\nreturn f(x)\nend\nprint f(1)", 2),
        ("print 9223372036854775807 + 1", 1), ("print 9223372036854775808", 1), ("let a = 0 - 9223372036854775807\nprint a - 2", 2),
        ("repeat 9223372036854775807 times\nend", 1), ("repeat 200 times\nrepeat 200 times\nlet a = 1\nend\nend", 3), ("print sum([9223372036854775807, 1])", 1),
        ("print [1] + 1", 1), ("print size(3)", 1),
    ])
    func refuses(_ source: String, _ line: Int) throws {
        let error = try #require(throws: ProgramError.self) { try output(source) }
        #expect(error.line == line, "\(error)")
    }

    @Test func deepAndLongProgramsAreErrors() {
        for source in [
            "print " + String(repeating: "[", count: 10_000), "print " + String(repeating: "f(", count: 10_000),
            "print 1" + String(repeating: " + 1", count: 10_000), "print 1" + String(repeating: " * 1", count: 10_000),
            String(repeating: "repeat 1 times\n", count: 10_000), String(repeating: "if 1 < 2 then\n", count: 10_000),
        ] { #expect(throws: ProgramError.self) { try output(source) } }
    }

    @Test func damagedProgramsNeverCrash() {
        var random = RandomStream(seed: 1, "programs")
        var mutator = Mutator(seed: 1, "programs")
        var refused = 0
        for _ in 0..<800 {
            let source = Programs.question(&random).prompt.split(separator: "\n").dropFirst().dropLast().joined(separator: "\n")
            do { _ = try output(String(decoding: mutator.mutated(Array(source.utf8)), as: UTF8.self)) } catch { refused += 1 }
        }
        #expect(refused > 200)
    }

    @Test func answersAreWhatTheProgramsPrint() throws {
        let domain = Programs().domain(name: "p", documentCount: 300, questionCount: 100, seed: 5)
        for question in domain.questions {
            let source = question.prompt.dropFirst("Question: What does this program print?\n".count).dropLast("Answer:".count)
            let printed = try output(String(source)).map(String.init).joined(separator: " ")
            #expect(question.answer.hasSuffix(" It prints \(printed)"))
        }
        // The listings too: each ends with a comment that tells its output.
        let listings = domain.training.map { String(decoding: $0, as: UTF8.self) }.filter { $0.hasPrefix("#") }
        #expect(listings.count > 50)
        for listing in listings {
            let told = listing.split(separator: "\n").filter { $0.hasPrefix("# output: ") }.flatMap { $0.dropFirst(10).split(separator: " ").map(String.init) }
            var printed: [String] = []
            for program in listing.components(separatedBy: "\n\n") { printed += try output(program).map(String.init) }
            #expect(printed == told)
        }
    }
}
