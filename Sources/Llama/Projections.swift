import Kernels

/// The projections that read the same rows (query, key and value; gate and up; or one alone), as one product for a pass.
///
/// Letters: N rows, I input width, O outputs of all together, R ranks of their adapters together. Shapes: x, dx (N, I); y, dy (N, O), the
/// projections' columns beside each other.
final class Projections {
    private let inputs: Int
    private let weight: PackedMatrix, weightBack: PackedMatrix
    private var parts: [Part] = []
    private var a: PackedMatrix?, aBack: PackedMatrix?
    /// x, packed again in backward where a weight that reads it is trained.
    private var x: PackedMatrix?
    private var kept: [FloatBuffer] = []
    private let rank: Int
    private let lowOffset: Int
    /// Of the adapters' input: for all projections of the group the same elements are dropped.
    private let dropout: Dropout?
    private let dropoutPlace: UInt64, droppedOffset: Int
    /// x with elements dropped, where the gradient of an A needs it.
    private var dropped: PackedMatrix?
    /// What has to be packed before forward, and before backward; the memory is the same.
    private(set) var forwardPacking: [Packing] = []
    private(set) var backwardPacking: [Packing] = []
    /// The gradients of what is trained, once the rows have gone back.
    private(set) var weightGradients: [WeightGradient] = []

    /// One projection: its columns of y and, where it has an adapter, of (alpha / r) x A^T.
    private struct Part {
        var first: Int, outputs: Int
        /// The gradient of its outputs, where a weight's gradient needs it.
        var dy: PackedRows?
        var adapter: Adapter?
    }

    private struct Adapter {
        var first: Int, rank: Int
        var scale: Float
        var b: PackedMatrix, bBack: PackedMatrix
        /// (alpha / r) x A^T and its gradient, where they are needed for those of B and A.
        var low: PackedMatrix?, dLow: PackedRows?
    }

    /// Floats of packing memory that these projections take.
    static func packingCount(_ linears: [Linear], _ compute: Compute) -> Int {
        let (outputs, inputs, rank) = (linears.reduce(0) { $0 + $1.outputs }, linears[0].inputs, totalRank(linears))
        return largerCount(inputs, outputs, compute) + (rank > 0 ? largerCount(inputs, rank, compute) : 0)
            + linears.reduce(0) { $0 + ($1.adapter == nil ? 0 : largerCount($1.adapter?.rank ?? 0, $1.outputs, compute)) }
    }

    /// Floats that the packed inputs and gradients of outputs take.
    static func gradientCount(_ linears: [Linear], rows: Int, hasDropout: Bool, _ compute: Compute) -> Int {
        linears.reduce(PackedMatrix.floatCount(depth: rows, columns: linears[0].inputs, compute)) {
            $0 + PackedRows.floatCount(depth: rows, columns: $1.outputs) + PackedRows.floatCount(depth: rows, columns: $1.adapter?.rank ?? 0)
        } + (hasDropout && totalRank(linears) > 0 ? PackedMatrix.floatCount(depth: rows, columns: linears[0].inputs, compute) : 0)
    }

    /// Columns of local memory that adapters take.
    static func totalRank(_ linears: [Linear]) -> Int { linears.reduce(0) { $0 + ($1.adapter?.rank ?? 0) } }

    private static func largerCount(_ depth: Int, _ columns: Int, _ compute: Compute) -> Int {
        max(PackedMatrix.floatCount(depth: depth, columns: columns, compute), PackedMatrix.floatCount(depth: columns, columns: depth, compute))
    }

    /// - Parameters:
    ///   - packing: `packingCount` floats, moved on behind what is taken.
    ///   - gradients: `gradientCount` floats, moved on likewise; nil where backward does not reach.
    ///   - precision: of all products.
    ///   - lowOffset: where the (N, R) of adapters stand in a piece's local memory.
    ///   - droppedOffset: where the (N, I) of dropped inputs stand there.
    init(
        _ linears: [Linear], rows: Int, packing: inout UnsafeMutablePointer<Float>, gradients: inout UnsafeMutablePointer<Float>?, precision: Precision,
        lowOffset: Int, dropout: Dropout?, droppedOffset: Int, _ compute: Compute
    ) {
        inputs = linears[0].inputs
        rank = Self.totalRank(linears)
        self.lowOffset = lowOffset
        self.dropout = rank > 0 ? dropout : nil
        dropoutPlace = dropout?.newPlace() ?? 0
        self.droppedOffset = droppedOffset
        func packed(_ depth: Int, _ columns: Int) -> (forward: PackedMatrix, back: PackedMatrix) {
            defer { packing += Self.largerCount(depth, columns, compute) }
            return (
                PackedMatrix(depth: depth, columns: columns, precision: precision, memory: packing),
                PackedMatrix(depth: columns, columns: depth, precision: precision, memory: packing)
            )
        }
        func keep(_ columns: Int) -> PackedMatrix {
            kept.append(FloatBuffer(PackedMatrix.floatCount(depth: rows, columns: columns, compute)))
            return PackedMatrix(depth: rows, columns: columns, precision: precision, memory: kept[kept.count - 1].base)
        }
        func gradient(_ columns: Int) -> PackedRows? {
            guard let memory = gradients else { return nil }
            gradients = memory + PackedRows.floatCount(depth: rows, columns: columns)
            return PackedRows(depth: rows, columns: columns, precision: precision, memory: memory)
        }
        (weight, weightBack) = packed(inputs, linears.reduce(0) { $0 + $1.outputs })
        if rank > 0 { (a, aBack) = packed(inputs, rank) }
        if let memory = gradients, linears.contains(where: { $0.weight.isTrainable || $0.adapter?.a.isTrainable == true }) {
            x = PackedMatrix(depth: rows, columns: inputs, precision: precision, memory: memory)
            gradients = memory + PackedMatrix.floatCount(depth: rows, columns: inputs, compute)
        }
        if let memory = gradients, self.dropout != nil, linears.contains(where: { $0.adapter?.a.isTrainable == true }) {
            dropped = PackedMatrix(depth: rows, columns: inputs, precision: precision, memory: memory)
            gradients = memory + PackedMatrix.floatCount(depth: rows, columns: inputs, compute)
        }
        var ofLow: [WeightGradient] = []
        var (first, firstLow) = (0, 0)
        for linear in linears {
            var part = Part(first: first, outputs: linear.outputs)
            let w = Matrix(linear.weight.values.base, linear.outputs, inputs)
            forwardPacking += Packing.transposed(w, into: weight, firstColumn: first, compute)
            backwardPacking += Packing.rows(w, into: weightBack, firstRow: first, compute)
            if linear.weight.isTrainable || linear.adapter?.b.isTrainable == true { part.dy = gradient(linear.outputs) }
            if let target = linear.weight.gradient, let x, let dy = part.dy {
                weightGradients.append(WeightGradient(x: x, dy: dy, gradient: Matrix(target.base, linear.outputs, inputs)))
            }
            if let adapter = linear.adapter, let a, let aBack {
                let (b, bBack) = packed(adapter.rank, linear.outputs)
                let aValues = Matrix(adapter.a.values.base, adapter.rank, inputs)
                let bValues = Matrix(adapter.b.values.base, linear.outputs, adapter.rank)
                forwardPacking += Packing.transposed(aValues, into: a, firstColumn: firstLow, compute) + Packing.transposed(bValues, into: b, compute)
                backwardPacking += Packing.rows(aValues, into: aBack, firstRow: firstLow, compute) + Packing.rows(bValues, into: bBack, compute)
                var own = Adapter(first: firstLow, rank: adapter.rank, scale: adapter.scale, b: b, bBack: bBack)
                if let target = adapter.a.gradient, let x, let dLow = gradient(adapter.rank) {
                    own.dLow = dLow
                    weightGradients.append(WeightGradient(x: dropped ?? x, dy: dLow, gradient: Matrix(target.base, adapter.rank, inputs)))
                }
                if let target = adapter.b.gradient, let dy = part.dy {
                    let low = keep(adapter.rank)
                    own.low = low
                    ofLow.append(WeightGradient(x: low, dy: dy, gradient: Matrix(target.base, linear.outputs, adapter.rank)))
                }
                part.adapter = own
                firstLow += adapter.rank
            }
            parts.append(part)
            first += linear.outputs
        }
        weightGradients += ofLow
    }

    /// y = x W^T + (alpha / r) (x A^T) B^T [+ addend].
    func forward(_ piece: RowPiece, _ rows: Matrix, into y: Matrix, adding addend: UnsafePointer<Float>? = nil) {
        guard let a else {
            piece.multiply(rows, weight, into: y, adding: addend)
            return
        }
        let low = piece.local(rank, offset: lowOffset)
        if let mask = dropout?.mask(dropoutPlace) {
            let own = piece.local(inputs, offset: droppedOffset)
            piece.drop(rows, into: own, mask)
            piece.multiply(own, a, into: low)
        } else {
            piece.multiply(rows, a, into: low)
        }
        piece.multiply(rows, weight, into: y)
        for part in parts {
            guard let adapter = part.adapter else { continue }
            let own = low.slice(adapter.first, adapter.rank)
            piece.scale(own, by: adapter.scale)
            if let kept = adapter.low { piece.pack(own, into: kept) }
            piece.multiply(own, adapter.b, into: y.slice(part.first, part.outputs), accumulate: true)
        }
        if let addend { piece.add(addend, to: y) }
    }

    /// Whether backward needs x again.
    var needsInput: Bool { x != nil }

    /// In backward: x as forward had it.
    func takeInput(_ piece: RowPiece, _ rows: Matrix) {
        if let x { piece.pack(rows, into: x) }
        guard let dropped else { return }
        guard let mask = dropout?.mask(dropoutPlace) else { return piece.pack(rows, into: dropped) }
        let own = piece.local(inputs, offset: droppedOffset)
        piece.drop(rows, into: own, mask)
        piece.pack(own, into: dropped)
    }

    /// dx from dy, where it is wanted; and what the gradients of weights need.
    func backward(_ piece: RowPiece, _ dy: Matrix, into dx: Matrix?) {
        for part in parts { if let packed = part.dy { piece.pack(dy.slice(part.first, part.outputs), into: packed) } }
        if let dx { piece.multiply(dy, weightBack, into: dx) }
        guard let aBack else { return }
        let dLow = piece.local(rank, offset: lowOffset)
        for part in parts {
            guard let adapter = part.adapter else { continue }
            let own = dLow.slice(adapter.first, adapter.rank)
            piece.multiply(dy.slice(part.first, part.outputs), adapter.bBack, into: own)
            piece.scale(own, by: adapter.scale)
            if let packed = adapter.dLow { piece.pack(own, into: packed) }
        }
        guard let dx else { return }
        if let mask = dropout?.mask(dropoutPlace) {
            let own = piece.local(inputs, offset: droppedOffset)
            piece.multiply(dLow, aBack, into: own)
            piece.addDropped(own, to: dx, mask)
        } else {
            piece.multiply(dLow, aBack, into: dx, accumulate: true)
        }
    }
}
