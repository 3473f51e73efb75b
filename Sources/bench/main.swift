import Kernels
import Foundation
for isa in InstructionSet.allCases where isa.isAvailable {
  for (m,n,k,form) in [(512,512,512,"NN"),(2048,64,64,"NT"),(2048,172,64,"NT"),(2048,64,172,"NN"),(64,172,2048,"TN"),(2048,128,128,"NT"),(2048,344,128,"NT"),(2048,128,344,"NN"),(344,128,2048,"TN")] {
    let c = Compute(instructionSet: isa, threads: 1)
    let a = FloatBuffer(m*k), b = FloatBuffer(n*k), o = FloatBuffer(m*n)
    var r = RandomStream(seed: 1)
    for i in 0..<m*k { a.base[i] = Float(r.uniform()) }
    for i in 0..<n*k { b.base[i] = Float(r.uniform()) }
    let A = form == "TN" ? Matrix(a.base, k, m).transposed : Matrix(a.base, m, k)
    let B = form == "NT" ? Matrix(b.base, n, k).transposed : Matrix(b.base, k, n)
    let reps = isa == .portable ? 1 : max(3, 200_000_000/(m*n*k)*2)
    var best = 1e9
    for _ in 0..<5 { let t = Date(); for _ in 0..<reps { c.multiply(A, B, into: Matrix(o.base, m, n)) }; best = min(best, Date().timeIntervalSince(t)/Double(reps)) }
    print(isa.rawValue, m, n, k, form, String(format: "%.1f GF/s", 2*Double(m*n*k)/best/1e9))
  }
}
