import Testing

@testable import Corpus

@Suite struct QuestionTests {
    @Test func exactMatchIsOfTheFirstLine() {
        let question = Question(prompt: "Question: Where?\nAnswer:", answer: " Fenwick")
        #expect(question.finalAnswer == "Fenwick")
        for right in [" Fenwick", "Fenwick", " Fenwick\nQuestion: When?", " Fenwick. ", "\tFenwick\r\n"] { #expect(question.isAnswered(by: right)) }
        for wrong in ["", " Fenwicks", " Fen", "\nFenwick", " in Fenwick", " fenwick", " Fenwick.."] { #expect(!question.isAnswered(by: wrong)) }
    }

    @Test func onlyTheFinalAnswerOfAWorkedOne() {
        let question = Question(prompt: "Question: ...\nAnswer:", answer: " 2 + 3 = 5. 5 x 2 = 10. The answer is 10", finalMark: "The answer is")
        #expect(question.finalAnswer == "10")
        #expect(question.isAnswered(by: question.answer))
        #expect(question.isAnswered(by: " 3 + 2 = 5. The answer is 4. No: The answer is 10.\nmore"))
        for wrong in [" 10", " The answer is 1", " The answer is 100", " The answer is 10 or 11", " The answer is", " 2 + 3\nThe answer is 10"] {
            #expect(!question.isAnswered(by: wrong))
        }
    }
}
