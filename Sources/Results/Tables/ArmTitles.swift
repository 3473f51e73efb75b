import Foundation

/// What arms are called in plots and in the notes of tables, each unlike the others.
enum ArmTitles {
    /// Labels that speak for themselves; of all others the name is shown too.
    private static let words: Set<String> = ["arm", "strategy", "strategy.kind"]

    /// What tells the arms apart, and what they are called: `block expansion, blocks=2`. What all have in common is left out.
    static func make(_ labels: [[String?]], names: [String]) -> [String] {
        let differing = names.indices.filter { place in labels.contains { $0[place] != labels.first?[place] } }
        let shown = names.indices.filter { words.contains(names[$0]) || differing.contains($0) }
        let columns = shown.isEmpty ? Array(names.indices) : shown
        let short = shortNames(names)
        let titles = labels.map { row -> String in
            let parts = columns.compactMap { place in row[place].map { words.contains(names[place]) ? $0 : "\(short[place])=\($0)" } }
            return parts.isEmpty ? columns.map { "\(short[$0])=none" }.joined(separator: ", ") : parts.joined(separator: ", ")
        }
        return unlike(titles)
    }

    /// The last part of a dotted name where no other name ends so: `blocks` of `strategy.blocks`.
    private static func shortNames(_ names: [String]) -> [String] {
        func last(_ name: String) -> String { name.split(separator: ".").last.map(String.init) ?? name }
        return names.map { name in names.count { last($0) == last(name) } == 1 ? last(name) : name }
    }

    /// Titles of at most `limit` characters, still unlike each other: where one is too long all lose the names of their values, then their middles.
    static func shortened(_ titles: [String], limit: Int) -> [String] {
        guard titles.contains(where: { $0.count > limit }) else { return unlike(titles) }
        let values = titles.map { $0.components(separatedBy: ", ").map(value).joined(separator: ", ") }
        let short = Set(values).count == Set(titles).count ? values : titles
        return unlike(short.map { $0.count > limit ? "\($0.prefix(limit / 2))…\($0.suffix(limit - limit / 2 - 1))" : $0 })
    }

    /// `interleaved` of `position=interleaved`; what is no value with a name stays.
    private static func value(_ part: String) -> String {
        guard let place = part.firstIndex(of: "="), !part[..<place].contains(" "), part.index(after: place) < part.endIndex else { return part }
        return String(part[part.index(after: place)...])
    }

    /// A number behind each title that stands there a second time.
    private static func unlike(_ titles: [String]) -> [String] {
        var seen: Set<String> = []
        return titles.map { title in
            var (unlike, number) = (title, 1)
            while !seen.insert(unlike).inserted {
                number += 1
                unlike = "\(title) #\(number)"
            }
            return unlike
        }
    }
}
