import Settings

/// Who works on the stages of a results folder at a moment, as far as its locks tell.
struct StageHolders {
    private let store: StageStore
    private let locked: Set<String>

    init(in store: StageStore) {
        self.store = store
        locked = StageSurvey.names(in: store.results + "/locks")
    }

    /// Who holds the stage, in words; nil when nobody does. A holder on another machine counts as alive: to see that it is not takes time.
    subscript(key: String) -> String? {
        guard locked.contains(key), let holder = StageLock.holder(store.lockFile(key)), holder.identity.isAlive != false else { return nil }
        return "\(holder)"
    }
}
