import Experiments

/// What is published about an experiment as a whole.
public struct ExperimentRecord: Sendable, Hashable {
    /// The text of the experiment file, as it was read.
    public var experiment: String
    public var strataVersion: String
    /// Changes whenever the same configuration would give other bits.
    public var numericsVersion: String
    public var host: String
    /// The instruction set that the kernels ran on.
    public var instructionSet: String
    /// Time of publishing, ISO 8601.
    public var created: String
    /// The words of the command line that changed the file, separated by blanks.
    public var changes: String
    /// What a reader of its tables has to know.
    public var notes: [String]
    /// The tables of the experiment file, in its order.
    public var tables: [TableDefinition]
    /// The plots of the experiment file, in its order.
    public var plots: [PlotDefinition]
    /// Which arms were made to come near to which.
    public var matches: [ArmMatch]

    public init(
        experiment: String, strataVersion: String, numericsVersion: String, host: String, instructionSet: String, created: String, changes: String = "",
        notes: [String] = [], tables: [TableDefinition] = [], plots: [PlotDefinition] = [], matches: [ArmMatch] = []
    ) {
        self.experiment = experiment
        self.strataVersion = strataVersion
        self.numericsVersion = numericsVersion
        self.host = host
        self.instructionSet = instructionSet
        self.created = created
        self.changes = changes
        self.notes = notes
        self.tables = tables
        self.plots = plots
        self.matches = matches
    }
}
