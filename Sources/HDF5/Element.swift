import CHDF5

/// The types that a dataset or an attribute can hold.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
    case float32, float64, int64, uint8, string

    /// Bytes of one element in memory.
    var byteCount: Int {
        switch self {
        case .float32: 4
        case .float64, .int64: 8
        case .uint8: 1
        case .string: MemoryLayout<UnsafeMutablePointer<CChar>?>.size
        }
    }

    /// The type in memory, to be released by the caller.
    func makeMemoryType() throws(HDF5Error) -> hid_t {
        try Library.call("make the type \(self)") {
            switch self {
            case .float32: H5Tcopy(chdf5_native_float())
            case .float64: H5Tcopy(chdf5_native_double())
            case .int64: H5Tcopy(chdf5_native_int64())
            case .uint8: H5Tcopy(chdf5_native_uint8())
            case .string: ElementType.makeText(byteCount: chdf5_variable_size())
            }
        }
    }

    /// UTF-8 text of one length, padded with zeros, to be released by the caller.
    static func makeFixedText(byteCount: Int) throws(HDF5Error) -> hid_t {
        try Library.call("make a type for text of \(byteCount) bytes") { makeText(byteCount: byteCount) }
    }

    private static func makeText(byteCount: Int) -> hid_t {
        let type = H5Tcopy(chdf5_c_string())
        guard type >= 0, H5Tset_size(type, byteCount) >= 0, H5Tset_cset(type, H5T_CSET_UTF8) >= 0 else { return -1 }
        if byteCount != chdf5_variable_size(), H5Tset_strpad(type, H5T_STR_NULLPAD) < 0 { return -1 }
        return type
    }

    /// Which of these types a type of a file is, or nil.
    static func of(_ type: hid_t) throws(HDF5Error) -> ElementType? {
        let code = try Library.call("read a type") {
            switch (H5Tget_class(type), H5Tget_size(type)) {
            case (H5T_FLOAT, 4): 1
            case (H5T_FLOAT, 8): 2
            case (H5T_INTEGER, 8): H5Tget_sign(type) == H5T_SGN_2 ? 3 : 0
            case (H5T_INTEGER, 1): H5Tget_sign(type) == H5T_SGN_NONE ? 4 : 0
            case (H5T_STRING, _): 5
            default: 0
            }
        }
        return [nil, .float32, .float64, .int64, .uint8, .string][code]
    }
}

/// A Swift type that stands for one `ElementType`. The types below are all there are.
public protocol Element: Sendable {
    static var elementType: ElementType { get }
}

extension Float: Element { public static var elementType: ElementType { .float32 } }
extension Double: Element { public static var elementType: ElementType { .float64 } }
extension Int: Element { public static var elementType: ElementType { .int64 } }
extension Int64: Element { public static var elementType: ElementType { .int64 } }
extension UInt8: Element { public static var elementType: ElementType { .uint8 } }
extension String: Element { public static var elementType: ElementType { .string } }
