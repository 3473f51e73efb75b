import Settings
import Testing

@Suite struct CanonicalJSONTests {
    @Test func keysAreSortedByTheirBytes() {
        #expect((["b": 1, "a": [true, nil], "B": [:], "é": []] as Value).canonicalJSON == #"{"B":{},"a":[true,null],"b":1,"é":[]}"#)
    }

    @Test func numbersAreShortestAndKeepTheirForm() {
        let numbers: Value = [1, 1.0, 0.1, 1e-3, 1e-5, 1e16, 1e300, .number(.leastNonzeroMagnitude), .number(-0.0), .integer(.min)]
        #expect(numbers.canonicalJSON == "[1,1.0,0.1,0.001,1e-05,1e+16,1e+300,5e-324,-0.0,-9223372036854775808]")
    }

    @Test func textIsEscaped() {
        #expect(Value.string("\"\\\n\r\t\u{0}\u{1f}/é\u{1f600}").canonicalJSON == #""\"\\\n\r\t\u0000\u001f/é😀""#)
    }

    @Test func numbersThatAreNotFiniteTrap() async {
        await #expect(processExitsWith: .failure) { _ = Value.number(.nan).canonicalJSON }
        await #expect(processExitsWith: .failure) { _ = Value.list([.number(.infinity)]).canonicalJSON }
    }
}
