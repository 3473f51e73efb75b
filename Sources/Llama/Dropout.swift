import Kernels

/// The dropout of a pass: which elements are dropped follows from a key that changes from round to round, the place in the model and the element
/// alone, so that backward drops the same ones, and no state has to be kept.
final class Dropout {
    private let share: Double
    /// nil: nothing is dropped, as in evaluations.
    var key: UInt64?
    private var places: UInt64 = 0

    init(share: Double) { self.share = share }

    /// A number of its own for each place that drops.
    func newPlace() -> UInt64 {
        places += 1
        return places
    }

    func mask(_ place: UInt64) -> DropoutMask? { key.map { DropoutMask(key: $0, place: place, share: share) } }
}
