extension Domain {
    /// The text of files to be measured on as a whole, nothing of it held back. Documents are parted and cut as everywhere.
    public init(measuring files: [String], name: String) throws(CorpusError) {
        var documents: [[UInt8]] = []
        for file in files { documents += DocumentReader.documents(ofText: try FileText.bytes(of: file)) }
        guard !documents.isEmpty else { throw CorpusError(place: name, found: "no text", expected: "some to measure on") }
        self.init(name: name, training: [], heldOut: documents)
    }
}
