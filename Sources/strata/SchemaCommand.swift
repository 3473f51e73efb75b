import ArgumentParser
import Experiments

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema of the experiment file, for editors.",
        discussion: "With the YAML language server: strata schema > strata.schema.json, and in the first line of the file: # yaml-language-server: $schema=strata.schema.json")

    func run() {
        print(ExperimentFields.schema.canonicalJSON)
    }
}
