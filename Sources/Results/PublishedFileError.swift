/// A published file that cannot be used.
public enum PublishedFileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is no such file, or it may not be read.
    case unreadable(path: String)
    case notHDF5(path: String)
    /// HDF5, but not written by `strata collect`.
    case notStrata(path: String)
    /// Written by a later version of Strata.
    case laterSchema(path: String, found: Int, known: Int)
    /// Written by an earlier version of Strata, with another layout.
    case earlierSchema(path: String, found: Int, known: Int)
    /// The mark that is written last is missing.
    case incomplete(path: String)
    /// Cut short or changed after it was written.
    case damaged(path: String, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let path): "\(path): found no file that can be read, expected a file that `strata run` or `strata collect` wrote"
        case .notHDF5(let path): "\(path): found a file of another kind, expected an HDF5 file that `strata run` or `strata collect` wrote"
        case .notStrata(let path): "\(path): found an HDF5 file of another program, expected one that `strata run` or `strata collect` wrote"
        case .laterSchema(let path, let found, let known):
            "\(path): found schema version \(found), expected at most \(known); update Strata, or run `strata collect` again with this version"
        case .earlierSchema(let path, let found, let known):
            "\(path): found schema version \(found), expected \(known); run `strata collect` again with this version: nothing is trained for it"
        case .incomplete(let path): "\(path): found a file that was not written to its end; run `strata collect` again"
        case .damaged(let path, let reason): "\(path): found a damaged file (\(reason)); run `strata collect` again"
        }
    }
}
