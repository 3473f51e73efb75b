import Foundation

/// All stages of a results folder, or one, held against their hashes.
public struct StageVerification: Sendable {
    public private(set) var finished = 0
    public private(set) var unfinished = 0
    /// A line for each file that is not as it was.
    public private(set) var damaged: [String] = []

    /// - Parameter path: a results folder, or the folder of a stage.
    public init(_ path: String) throws(StoreError) {
        let files = FileManager.default
        if let keys = try? files.contentsOfDirectory(atPath: path + "/stages") {
            for key in keys.sorted() { check(key, StageStore(results: path)) }
        } else if files.fileExists(atPath: path + "/recipe.json") || files.fileExists(atPath: path + "/done") {
            // Results/stages/key, whatever the path looks like from here.
            let names = URL(fileURLWithPath: path).resolvingSymlinksInPath().pathComponents
            check(names.last ?? "", StageStore(results: NSString.path(withComponents: names.dropLast(2))))
        } else {
            throw StoreError(path, "has no stages, expected a results folder or the folder of a stage", errorNumber: nil)
        }
    }

    private mutating func check(_ key: String, _ store: StageStore) {
        if store.state(key) == .done {
            finished += 1
            if let damage = store.damage(key) { damaged.append("\(damage.path) \(damage.problem)") }
        } else {
            unfinished += 1
            do { _ = try SavedState(store.savedState(key), stage: key) } catch { damaged.append("\(store.savedState(key)) \(error)") }
        }
    }
}
