import Settings

/// Names for the arms of a sweep: the given name; else the strategy's kind when that tells them apart; else the kind and the settings
/// in which arms of that kind differ (`lora r=8`); numbered (`lora #2`) when they differ in their grids only.
enum ArmLabels {
    struct Arm {
        var name: String?
        /// The settings of the arm, flat, in the order of the file.
        var settings: [(path: Path, value: Value)]

        var kind: String? { settings.first { $0.path == Path(dotted: "strategy.kind") }?.value.asString }

        func has(_ setting: (path: Path, value: Value)) -> Bool {
            settings.contains { $0.path == setting.path && $0.value == setting.value }
        }
    }

    static func labels(of arms: [Arm]) -> [String] {
        var taken = arms.compactMap(\.name)
        return arms.map { arm in
            if let name = arm.name { return name }
            let wanted = label(of: arm, among: arms.filter { $0.name == nil })
            var label = wanted
            var number = 1
            while taken.contains(label) {
                number += 1
                label = "\(wanted) #\(number)"
            }
            taken.append(label)
            return label
        }
    }

    private static func label(of arm: Arm, among arms: [Arm]) -> String {
        let others = arms.filter { $0.kind == arm.kind }
        if others.count == 1, let kind = arm.kind { return kind }
        let differing = arm.settings.filter { setting in !others.allSatisfy { $0.has(setting) } }
        let words = differing.map { setting in
            let name = setting.path.description
            return
                "\(name.hasPrefix("strategy.") ? String(name.dropFirst(9)) : name)=\(setting.value.asString ?? setting.value.canonicalJSON)"
        }
        let label = ([arm.kind].compactMap { $0 } + words).joined(separator: " ")
        return label.isEmpty ? "default" : label
    }
}
