import HDF5
import Settings

extension PublishedFile {
    /// What a file that is whole holds.
    public struct Contents: Sendable, Hashable {
        public var runs: Int
        public var variables: Int
        public var stages: Int
    }

    /// Reads all of the file and checks it against the schema: checksum, every group, variable, type and scale, and that the groups agree.
    /// - Throws: the first thing that is wrong.
    public func verify() throws(PublishedFileError) -> Contents {
        var contents = Contents(runs: runs.count, variables: 0, stages: 0)
        do {
            guard file.isSealed else { throw wrong("its checksum is missing: it was changed by another program") }
            let root = file.root
            for name in PublishedSchema.rootTexts { let _: String = try root.attributes.value(name) }
            for name in PublishedSchema.groups { _ = try root.group(name) }
            contents.variables += try checkSummary(root.group("summary"))
            // Files that were made before there were several metrics do not say which.
            let known = try root.group("scores").datasetNames()
            contents.variables += try PublishedFile.check(root.group("scores"), PublishedSchema.scores.filter { $0.name != "metric" || known.contains("metric") })
            if instructed != nil { contents.variables += try PublishedFile.check(root.group("scores"), PublishedSchema.instructed) }
            let names: [String] = try root.group("scores").dataset("run").read()
            guard names == runs else { throw wrong("/scores and /summary list other runs") }
            if try root.groupNames().contains("drift") {
                let group = try root.group("drift")
                contents.variables += try PublishedFile.check(group, PublishedSchema.drift)
                guard try group.dataset("run").read(as: String.self) == runs else { throw wrong("/drift and /summary list other runs") }
            }
            let groups = try root.group("runs").groupNames()
            guard groups.sorted() == runs.sorted() else { throw wrong("/runs has \(groups.count) groups, /summary lists \(runs.count) runs, and they are not the same") }
            for id in runs {
                let group = try root.group("runs").group(id)
                let known = try group.datasetNames()
                contents.variables += try PublishedFile.check(group, PublishedSchema.run.filter { !PublishedSchema.optional.contains($0.name) || known.contains($0.name) })
                for name in PublishedSchema.runTexts { let _: String = try group.attributes.value(name) }
                for name in ["configuration", "data"] {
                    let text: String = try group.attributes.value(name)
                    guard let value = try? Value(json: text), value.asObject != nil else { throw wrong("\(group.path): '\(name)' is not a JSON object") }
                }
            }
            contents.variables += try PublishedFile.check(root.group("stages"), PublishedSchema.stages)
            let keys: [String] = try root.group("stages").dataset("stage").read()
            contents.stages = keys.count
            let listed = Set(keys)
            guard listed.count == keys.count else { throw wrong("/stages lists a stage twice") }
            if !keys.isEmpty, let key = (stages.flatMap(\.self) + (instructed?.stages ?? [])).first(where: { !$0.isEmpty && !listed.contains($0) }) {
                throw wrong("/scores names the stage \(key), which /stages does not list")
            }
            guard let tuning else { return contents }
            let group = try root.group("tuning")
            contents.variables += try PublishedFile.check(group, PublishedSchema.tuning)
            for name in PublishedSchema.tuningTexts { let _: String = try group.attributes.value(name) }
            if !keys.isEmpty, let key = tuning.arms.lazy.flatMap(\.trials).map(\.stage).first(where: { !$0.isEmpty && !listed.contains($0) }) {
                throw wrong("/tuning names the stage \(key), which /stages does not list")
            }
        } catch let error as PublishedFileError {
            throw error
        } catch {
            throw wrong("\(error)")
        }
        return contents
    }

    private func wrong(_ reason: String) -> PublishedFileError { .damaged(path: path, reason: reason) }

    /// Every variable is a column of known role, one value a run; coordinates are named as such.
    private func checkSummary(_ group: Group) throws -> Int {
        let names = try group.datasetNames()
        for name in names where name != "run" {
            let variable = try group.dataset(name)
            guard try variable.scaleNames() == ["run"] else { throw wrong("/summary/\(name) does not lie along 'run'") }
        }
        let coordinates = columns.filter(\.role.isCoordinate).map(\.name)
        let listed: String = try group.attributes.contains("coordinates") ? group.attributes.value("coordinates") : ""
        guard listed == coordinates.joined(separator: " ") else { throw wrong("/summary: the attribute 'coordinates' does not list axes, strategy and settings") }
        return names.count
    }

    /// Reads every variable that the schema names and compares type, axes and lengths.
    private static func check(_ group: Group, _ variables: [PublishedSchema.Variable]) throws -> Int {
        for expected in variables {
            let variable = try group.dataset(expected.name)
            guard variable.elementType == expected.type else {
                throw Mismatch("\(group.path)/\(expected.name) holds \(variable.elementType?.rawValue ?? "another type"), expected \(expected.type.rawValue)")
            }
            let isCoordinate = expected.axes == [expected.name]
            guard try isCoordinate ? variable.isScale() : variable.scaleNames() == expected.axes.map(Optional.some) else {
                throw Mismatch("\(group.path)/\(expected.name) does not have the axes \(expected.axes.joined(separator: ", "))")
            }
            for (length, axis) in zip(variable.shape, expected.axes) {
                guard try group.dataset(axis).shape == [length] else { throw Mismatch("\(group.path)/\(expected.name) has another length than '\(axis)'") }
            }
            switch expected.type {
            case .string: _ = try variable.read(as: String.self)
            case .int64: _ = try variable.read(as: Int.self)
            default: _ = try variable.read(as: Double.self)
            }
        }
        return variables.count
    }
}

/// A variable that is not as the schema says.
private struct Mismatch: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
