/// A figure: what gnuplot is told to draw, whatever the format.
public struct Plot: Sendable, Hashable {
    /// Name of its file, without an extension: letters, digits, `-`.
    public var name: String
    /// What stands above or below it.
    public var title: String
    /// What it shows in words and numbers, for who cannot see it.
    public var description: String
    /// In pixels of 1/96 inch.
    public var width: Int
    public var height: Int
    /// Commands and data. All text of others in it is quoted by `GnuplotScript.quoted`.
    public var body: String

    init(_ name: String, title: String, description: String, width: Int = 760, height: Int = 460, _ body: GnuplotScript) {
        (self.name, self.title, self.description) = (name, title, description)
        (self.width, self.height) = (width, height)
        self.body = body.text
    }

    /// The whole script: terminal, what all figures have in common, and the body. The drawing goes to standard output.
    public func script(_ format: PlotFormat) -> String {
        """
        set encoding utf8
        set decimalsign "."
        \(format.terminal(width: width, height: height))
        set datafile missing "NaN"
        set border 3 linecolor rgb "#333333"
        set tics nomirror out scale 0.6
        set grid linecolor rgb "#cccccc" linewidth 0.6 dashtype 1
        set key outside below center horizontal Left reverse samplen 3 height 1
        set style fill solid 0.2 noborder
        set bars 0.6

        """ + body
    }
}

/// What a figure is written as.
public enum PlotFormat: String, Sendable, CaseIterable {
    case svg, pdf, png

    /// Fonts are fixed; `noenhanced`: names are text, not markup.
    func terminal(width: Int, height: Int) -> String {
        let font = "noenhanced font \"DejaVu Sans"
        return switch self {
        // Drawn by whoever shows it: a family that every reader has.
        case .svg: "set terminal svg size \(width),\(height) noenhanced font \"sans-serif,13\" background \"white\" linewidth 1.2 dashlength 1.2"
        // In inches.
        case .pdf: "set terminal pdfcairo size \(Double(width) / 96),\(Double(height) / 96) \(font),9.5\" background \"white\" linewidth 1.2"
        case .png: "set terminal pngcairo size \(width * 2),\(height * 2) \(font),10\" fontscale 2 linewidth 2 pointscale 2 background \"white\""
        }
    }
}
