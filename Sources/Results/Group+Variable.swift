import HDF5

extension Group {
    /// Writes a variable as xarray reads it: every axis has its scale, and attributes say what it is.
    /// - Parameter units: never a word that xarray takes for a time ("seconds", "since"): write `s`.
    func addVariable<T: Element>(
        _ name: String, _ values: [T], along scales: [DimensionScale], units: String? = nil, meaning: String, role: Column.Role? = nil
    ) throws {
        // Blocks cost more than they save on a few numbers, and compression does not reach text.
        let isCompressed = T.self != String.self && values.count >= 256
        let variable = try createDataset(name, values, along: scales, storage: isCompressed ? .compressed(level: 4) : .contiguous)
        try variable.attributes.set("long_name", meaning)
        if let units { try variable.attributes.set("units", units) }
        if let role { try variable.attributes.set("role", role.rawValue) }
    }

    /// Writes a dimension with its coordinates.
    func addDimension<T: Element>(_ name: String, _ values: [T], meaning: String) throws -> DimensionScale {
        let scale = try createScale(name, values)
        try scale.dataset.attributes.set("long_name", meaning)
        return scale
    }

    /// Says which variables are coordinates of others (CF conventions, section 5), so that xarray treats them as such.
    func setCoordinates(_ names: [String]) throws {
        if !names.isEmpty { try attributes.set("coordinates", names.joined(separator: " ")) }
    }
}
