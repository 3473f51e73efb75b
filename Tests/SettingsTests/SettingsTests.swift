import Settings
import Testing

@Suite struct SettingsTests {
    @Test func readsWhatItsFieldsDeclare() throws {
        let settings = try Settings(["steps": 10, "schedule": ["warmup_ratio": 0]], fields: ValidationTests.train)
        #expect(settings.integer("steps") == 10)
        #expect(settings.number("steps") == 10)
        #expect(settings.number("learning_rate") == 1e-3)
        #expect(settings.has("seed") == false)
        #expect(settings.has("steps"))
        #expect(settings.settings("schedule").number("warmup_ratio") == 0)
    }

    @Test func errorsStartAtTheRoot() {
        let error = #expect(throws: SettingsError.self) { try Settings(["steps": 0], fields: ValidationTests.train) }
        #expect(error?.description == "steps: found 0, expected a whole number from 1 up")
        #expect(error?.under(Path(dotted: "base.train")).description == "base.train.steps: found 0, expected a whole number from 1 up")
        let missing = #expect(throws: SettingsError.self) { try Settings([:], fields: ValidationTests.train) }
        #expect(missing?.description.hasPrefix("found no key 'steps'") == true)
        #expect(throws: SettingsError.self) { try Settings(3, fields: []) }
    }

    @Test func readingAnUndeclaredKeyTraps() async {
        await #expect(processExitsWith: .failure) { _ = Settings(validated: ["a": 1]).integer("b") }
        await #expect(processExitsWith: .failure) { _ = Settings(validated: ["a": 1]).string("a") }
    }
}
