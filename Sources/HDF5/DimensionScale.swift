import CHDF5

/// A dataset with one axis that gives an axis of other datasets its name and its coordinates.
public struct DimensionScale: Sendable {
    public let dataset: Dataset
    public var name: String { dataset.name }
    public var count: Int { dataset.shape[0] }

    /// Turns a dataset into a scale of its own name.
    init(_ dataset: Dataset) throws(HDF5Error) {
        guard dataset.shape.count == 1 else {
            throw HDF5Error("\(dataset.handle.place) has the shape \(dataset.shape); a dimension scale has one axis")
        }
        try dataset.handle.call("make a dimension scale of") { H5DSset_scale($0, dataset.name) }
        self.dataset = dataset
    }
}

extension Dataset {
    /// Whether the dataset is a dimension scale.
    public func isScale() throws(HDF5Error) -> Bool { try handle.call("read", H5DSis_scale) > 0 }

    /// Attaches a scale to every axis, slowest first, and labels the axis with its name.
    public func attach(_ scales: [DimensionScale]) throws(HDF5Error) {
        guard scales.map(\.count) == shape else {
            throw HDF5Error("\(handle.place) has the shape \(shape), found scales of lengths \(scales.map(\.count)), expected one for every axis")
        }
        guard Set(scales.map(\.name)).count == scales.count else {
            throw HDF5Error("\(handle.place): found the scales \(Names.list(scales.map(\.name))), expected a scale of its own for every axis")
        }
        for (axis, scale) in scales.enumerated() {
            _ = try scale.dataset.handle.withID { (scaleID) throws(HDF5Error) in
                try handle.call("attach the scale '\(scale.name)' to") { H5DSattach_scale($0, scaleID, UInt32(axis)) }
            }
            try handle.call("label axis \(axis) of") { H5DSset_label($0, UInt32(axis), scale.name) }
        }
    }

    /// The name of the first scale of every axis, nil for an axis without one.
    public func scaleNames() throws(HDF5Error) -> [String?] {
        var names: [String?] = []
        for axis in shape.indices {
            var name: String?
            _ = try withUnsafeMutablePointer(to: &name) { (name) throws(HDF5Error) in
                try handle.call("read the scales of") { id in
                    H5DSiterate_scales(id, UInt32(axis), nil, { _, _, scale, context in
                        context?.assumingMemoryBound(to: String?.self).pointee = Dataset.text { H5DSget_scale_name(scale, $0, $1) }
                        return 1
                    }, name)
                }
            }
            names.append(name)
        }
        return names
    }

    /// The label of every axis, empty where there is none.
    public func labels() throws(HDF5Error) -> [String] {
        var labels: [String] = []
        for axis in shape.indices {
            var label: String?
            try handle.call("read the labels of") { id in
                label = Dataset.text { H5DSget_label(id, UInt32(axis), $0, $1) }
                return label == nil ? -1 : 0
            }
            labels.append(label ?? "")
        }
        return labels
    }

    /// Text of a C function that returns the length and fills a buffer; nil when it fails.
    private static func text(_ read: (UnsafeMutablePointer<CChar>?, Int) -> Int) -> String? {
        let length = read(nil, 0)
        guard length >= 0 else { return nil }
        var bytes = [CChar](repeating: 0, count: length + 1)
        guard bytes.withUnsafeMutableBufferPointer({ read($0.baseAddress, $0.count) }) >= 0 else { return nil }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
