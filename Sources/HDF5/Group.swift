import CHDF5

/// A folder of an HDF5 file: holds groups, datasets and attributes.
public struct Group: Sendable {
    /// The path inside the file, `/` for the root.
    public var path: String { handle.objectPath }
    let handle: Handle

    public var attributes: Attributes { Attributes(handle: handle) }

    // MARK: Reading

    /// Names of the groups in this one, in the order in which they were made where the file kept it, else alphabetical.
    public func groupNames() throws(HDF5Error) -> [String] { try names(of: H5I_GROUP) }

    /// Names of the datasets in this group, in the order in which they were made where the file kept it, else alphabetical.
    public func datasetNames() throws(HDF5Error) -> [String] { try names(of: H5I_DATASET) }

    /// The group of a name.
    /// - Throws: `HDF5Error` that lists what there is.
    public func group(_ name: String) throws(HDF5Error) -> Group {
        guard try kind(of: name) == H5I_GROUP else {
            throw HDF5Error("\(handle.place) has no group '\(name)'; it has \(Names.list(try groupNames()))")
        }
        return Group(handle: try handle.child(name, "open the group '\(name)' of") { H5Gopen2($0, name, chdf5_default()) })
    }

    /// The dataset of a name.
    /// - Throws: `HDF5Error` that lists what there is.
    public func dataset(_ name: String) throws(HDF5Error) -> Dataset {
        guard try kind(of: name) == H5I_DATASET else {
            throw HDF5Error("\(handle.place) has no dataset '\(name)'; it has \(Names.list(try datasetNames()))")
        }
        let child = try handle.child(name, "open the dataset '\(name)' of") { H5Dopen2($0, name, chdf5_default()) }
        return try Dataset(child, name: name)
    }

    /// What an object of this group is, or nil when there is none of the name.
    private func kind(of name: String) throws(HDF5Error) -> H5I_type_t? {
        try Names.check(name, isLink: true, of: handle)
        guard try handle.call("look for '\(name)' in", { H5Lexists($0, name, chdf5_default()) }) > 0 else { return nil }
        let id = try handle.call("open '\(name)' of") { H5Oopen($0, name, chdf5_default()) }
        defer { Library.release(id) }
        let kind = try Library.call("read '\(name)'") { H5Iget_type(id).rawValue }
        return H5I_type_t(kind)
    }

    private func names(of kind: H5I_type_t) throws(HDF5Error) -> [String] {
        var names: [String] = []
        _ = try withUnsafeMutablePointer(to: &names) { (names) throws(HDF5Error) in
            try handle.call("list") { id in
                let visit: chdf5_name_visitor = { context, name in
                    if let name { context?.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name)) }
                }
                // A file of another program may not have kept the order; then the first of the two fails before any visit.
                let result = chdf5_visit_links(id, H5_INDEX_CRT_ORDER, visit, names)
                return result >= 0 ? result : chdf5_visit_links(id, H5_INDEX_NAME, visit, names)
            }
        }
        var result: [String] = []
        for name in names where try self.kind(of: name) == kind { result.append(name) }
        return result
    }

    // MARK: Writing

    /// Makes a group that keeps its members in the order in which they are made.
    public func createGroup(_ name: String) throws(HDF5Error) -> Group {
        try Names.check(name, isLink: true, of: handle)
        let properties = try Library.call("describe the group '\(name)'") { H5Pcreate(chdf5_group_create_class()) }
        defer { Library.release(properties) }
        try Library.call("describe the group '\(name)'") { H5Pset_link_creation_order(properties, chdf5_creation_order()) }
        return Group(
            handle: try handle.child(name, "make the group '\(name)' in") {
                H5Gcreate2($0, name, chdf5_default(), properties, chdf5_default())
            })
    }

    /// Makes a dataset without values; what is never written reads as NaN, 0 or empty text.
    /// - `shape`: lengths of the axes, slowest first; they may be 0. Empty: a single value.
    @discardableResult
    public func createDataset<T: Element>(
        _ name: String, of element: T.Type, shape: [Int], storage: Storage = .compressed(level: 4), text: TextLength = .variable
    ) throws(HDF5Error) -> Dataset {
        try Names.check(name, isLink: true, of: handle)
        return try Dataset.create(name, in: handle, element.elementType, shape: shape, storage: storage, text: text)
    }

    /// Makes a dataset, writes its values (row-major) and attaches a scale to every axis, which also give the shape.
    @discardableResult
    public func createDataset<T: Element>(
        _ name: String, _ values: [T], along scales: [DimensionScale], storage: Storage = .compressed(level: 4),
        text: TextLength = .variable
    ) throws(HDF5Error) -> Dataset {
        let dataset = try createDataset(name, of: T.self, shape: scales.map(\.count), storage: storage, text: text)
        try dataset.write(values)
        try dataset.attach(scales)
        return dataset
    }

    /// Makes a dimension scale from the coordinates along it.
    public func createScale<T: Element>(_ name: String, _ values: [T]) throws(HDF5Error) -> DimensionScale {
        let dataset = try createDataset(name, of: T.self, shape: [values.count], storage: .contiguous)
        try dataset.write(values)
        return try DimensionScale(dataset)
    }
}
