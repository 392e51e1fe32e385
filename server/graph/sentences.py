"""What is said of a workflow that is read and checked. Of values see `nodes.api.sentences`."""

from __future__ import annotations

from nodes.api.said import Sentence

# ---------------------------------------------------------------- the file

EMPTY_FILE = Sentence("file.empty", "The file is empty.")
NOT_JSON = Sentence("file.not-json", "This is not JSON: {why} (line {line}, column {column}).")
NOT_TEXT = Sentence("file.not-text", "The file is no text: byte {byte} is not UTF-8.")
TOO_MANY_BYTES = Sentence("file.too-many-bytes", "The document is larger than {size} MB.")
KEY_TWICE = Sentence("file.key-twice", 'The key "{key}" stands twice in one object.')
TOO_DEEP = Sentence("file.too-deep", "The document is nested more than {most} levels deep.")
TOO_MANY_VALUES = Sentence("file.too-many-values", "The document holds more than {most:,} values.")
TOO_MANY_NODES = Sentence("file.too-many-nodes", "The workflow has {count:,} nodes; {most:,} are allowed.")
NO_OBJECT = Sentence("file.no-object", "A workflow is a JSON object, and this is none.")
NO_SCHEMA = Sentence("file.no-schema", "The document has no 'schema', so it is no workflow.")
NEWER_SCHEMA = Sentence(
    "file.newer-schema",
    "The workflow was saved by a newer version of Latent Loom (schema {schema}; this one reads {current}).",
)
AUTOMATIC1111 = Sentence("file.automatic1111", "These are generation parameters of AUTOMATIC1111, not a workflow.")
COMFY_WORKFLOW = Sentence("file.comfy-workflow", "This is a ComfyUI workflow.")
COMFY_PROMPT = Sentence("file.comfy-prompt", "This is a ComfyUI prompt (its API format).")

CHOOSE_OTHER_FILE = Sentence("fix.choose-other-file", "Choose another file.")
OPEN_OURS = Sentence("fix.open-ours", "Open a workflow saved by Latent Loom.")
OPEN_JSON_OR_PICTURE = Sentence(
    "fix.open-json-or-picture", "Open a workflow saved as JSON, or a picture with one inside."
)
SHORTEN = Sentence("fix.shorten", "Shorten its notes and texts, or make two of it.")
SPLIT_UP = Sentence("fix.split-up", "Split it up.")
REMOVE_OR_RENAME = Sentence("fix.remove-or-rename", "Remove or rename one of them.")
UPDATE_PROGRAM = Sentence("fix.update-program", "Update Latent Loom.")
NOT_YET = Sentence(
    "fix.not-yet", "Importing it is not possible yet; build the graph here, or open a workflow saved by Latent Loom."
)
ADD_SCHEMA = Sentence("fix.add-schema", 'Add "schema": {current}.')

# ---------------------------------------------------------------- what is to run

NOT_THERE_TO_RUN = Sentence(
    "run.not-there", "It is to be run, but is not there: deleted, muted, or without a required input."
)
NOTHING_CHOSEN = Sentence("run.nothing-chosen", "No node was chosen to run.")
NOTHING_TO_RUN = Sentence("run.nothing-to-run", "There is nothing to run: no node shows or saves a result.")
CIRCLE = Sentence("run.circle", "The links go round in a circle: {path}.")

RUN_OTHER = Sentence("fix.run-other", "Run another node.")
CHOOSE_ONE = Sentence("fix.choose-one", "Choose one.")
ADD_OUTPUT = Sentence("fix.add-output", "Add an output node, such as Save image, and link it.")
REMOVE_LINK_OF_CIRCLE = Sentence("fix.remove-link-of-circle", "Remove one of these links.")

# ---------------------------------------------------------------- nodes and their inputs

NOT_INSTALLED = Sentence("node.not-installed", 'The node type "{type}" is not installed.')
NEWER_NODE = Sentence("node.newer", "It was saved by version {saved} of this node; version {installed} is installed.")
INPUT_MISSING = Sentence("input.missing", "'{input}' is missing.")
INPUT_UNKNOWN = Sentence("input.unknown", "It has no input '{input}'; the value is kept, but not used.")
INPUT_LEFT_OUT = Sentence("input.left-out", "'{missing}' is left out before '{input}'.")
FILE_MISSING = Sentence("input.file-missing", "{file} is not there.")
FAMILIES_CLASH = Sentence(
    "input.families-clash",
    "'{input}' is for {given} ({file}), but '{other}' is for {wanted} ({from_file}).",
)

PACK_BROKEN = Sentence("fix.pack-broken", "Its pack {pack} could not be loaded; `loom nodes` says why.")
DID_YOU_MEAN = Sentence(
    "fix.did-you-mean", "Did you mean {near}? Else install the pack it comes from, or replace the node."
)
INSTALL_PACK = Sentence("fix.install-pack", "Install the pack it comes from, or replace the node.")
UPDATE_OR_CHECK = Sentence("fix.update-or-check", "Update the program or the pack, or check its inputs.")
ITS_INPUTS = Sentence("fix.its-inputs", "Its inputs are {names}.")
NO_INPUTS = Sentence("fix.no-inputs", "It has no inputs.")
GIVE_OR_LINK = Sentence("fix.give-or-link", "Give it a value, or link it.")
LINK_TO_TYPE = Sentence("fix.link-to-type", "Link it to an output of type {type}.")
LINK_IT = Sentence("fix.link", "Link it.")
CLOSE_GAP = Sentence("fix.close-gap", "It runs as if there were no gap; remove it to be sure of the order.")
PUT_THERE = Sentence("fix.put-there", "Put it there, or pick another file.")
PICK_FILE_FOR = Sentence("fix.pick-file-for", "Pick a file for {wanted}.")
LINK_WHAT_IS_FOR = Sentence("fix.link-what-is-for", "Link what is for {wanted}.")

# ---------------------------------------------------------------- links

LINKED_TO_NO_NODE = Sentence("link.no-node", "'{input}' is linked to node {node}, which does not exist.")
LINKED_TO_NO_OUTPUT = Sentence(
    "link.no-output", "'{input}' is linked to output '{output}' of {node}, which does not exist."
)
LINKED_TO_EMPTY = Sentence("link.empty", "'{input}' is linked to '{output}' of {node}, which is empty.")
LINK_TO_CHOICE = Sentence("link.to-choice", "'{input}' chooses which inputs there are and cannot be linked.")
LINK_MISFITS = Sentence("link.misfits", "'{input}' takes {taken}, but is linked to {given}.")
LINKS_DIFFER = Sentence(
    "link.differ", "'{input}' is linked to {given}, but another input of the same type to {before}."
)
NEITHER_LINK_NOR_VALUE = Sentence("link.neither", "'{input}' is an object with neither 'link' nor 'value'.")
REROUTES_ALONE = Sentence("link.reroutes-alone", "'{input}' is linked to reroutes that only lead to each other.")
DOES_NOT_RUN = Sentence("link.does-not-run", "Does not run: '{input}' comes from '{node}', which {why}.")
IS_MUTED = Sentence("link.is-muted", "is muted")
BYPASSED_UNKNOWN = Sentence("link.bypassed-unknown", "is bypassed, but its type is not known here")
BYPASSED_EMPTY = Sentence("link.bypassed-empty", "is bypassed and has no input to pass on")
NEITHER_RUNS = Sentence("link.neither-runs", "does not run either")

LINK_OTHER_OR_REMOVE = Sentence("fix.link-other-or-remove", "Link it to another node, or remove the link.")
LINK_TO = Sentence("fix.link-to", "Link it to {outputs}.")
LINK_TO_OTHER = Sentence("fix.link-to-other", "Link it to another node: this one has none.")
LINK_INSIDE = Sentence("fix.link-inside", "Enter the subgraph and link something to that output.")
UNLINK_AND_PICK = Sentence("fix.unlink-and-pick", "Remove the link and pick a choice.")
LINK_BOTH_TO_ONE = Sentence("fix.link-both-to-one", "Link both to one type.")
WRITE_VALUE = Sentence("fix.write-value", 'Write {{"value": …}} around a constant.')
LINK_ONE_TO_NODE = Sentence("fix.link-one-to-node", "Link one of them to a node.")
SWITCH_ON = Sentence("fix.switch-on", "Switch that node on, or link another.")

# ---------------------------------------------------------------- subgraphs and loops

NO_SUCH_PORT = Sentence("subgraph.no-port", "The subgraph has no input '{input}'.")
TOO_MANY_INSIDE = Sentence(
    "subgraph.too-many", "With its subgraphs the workflow has {count:,} nodes; {most:,} are allowed."
)
SAME_ID = Sentence("subgraph.same-id", 'Two nodes are called "{id}": one inside a subgraph, one outside.')
SUBGRAPH_GONE = Sentence("subgraph.gone", "Its subgraph is not in this workflow.")
HOLDS_ITSELF = Sentence("subgraph.holds-itself", "Its subgraph contains itself.")
NESTED_TOO_DEEP = Sentence("subgraph.too-deep", "Its subgraphs nest more than {most} deep.")
EACH_OF_NOTHING = Sentence("loop.each-of-nothing", "It runs for each item, but no input is marked as a list.")
TIMES = Sentence("loop.times", "It is to run {times} times.")
MOST_TIMES = Sentence("loop.most", "It may run {times} times.")
CARRY_EMPTY = Sentence(
    "loop.carry-empty", "'{input}' is to take the output '{output}', which nothing inside is linked to."
)
CARRY_MISFITS = Sentence("loop.carry-misfits", "'{input}' takes {taken}, but is to take {given} from itself.")
NO_CONDITION = Sentence(
    "loop.no-condition", "It runs as long as an output is on, but none is chosen that is linked inside."
)
CONDITION_MISFITS = Sentence("loop.condition-misfits", "It runs as long as '{output}' is on, which is {given}.")
NOTHING_TO_BEGIN = Sentence("loop.nothing-to-begin", "'{input}' has nothing to begin with.")

REMOVE_OR_ADD_PORT = Sentence("fix.remove-or-add-port", "Remove it, or add the input to the subgraph.")
FEWER_INSTANCES = Sentence("fix.fewer-instances", "Use fewer instances, or let them run fewer times.")
DELETE_OUTER = Sentence("fix.delete-outer", "Delete the one outside and add it anew.")
DELETE_OR_PASTE = Sentence("fix.delete-or-paste", "Delete the node, or paste it again from where it came.")
TAKE_OUT = Sentence("fix.take-out", "Take the instance out of its own subgraph.")
MOVE_OUT = Sentence("fix.move-out", "Move the inner ones further out.")
MARK_LIST = Sentence("fix.mark-list", "Mark one as a list.")
CHOOSE_OR_ADD = Sentence("fix.choose-or-add", "Choose another, or add it.")
CHOOSE_TIMES = Sentence("fix.choose-times", "Choose a number from 1 to {most:,}.")
LINK_INSIDE_OR_CHOOSE = Sentence("fix.link-inside-or-choose", "Link it inside, or choose another output.")
CHOOSE_OUTPUT_OF_TYPE = Sentence("fix.choose-output-of-type", "Choose an output of type {type}.")
CHOOSE_AND_LINK = Sentence("fix.choose-and-link", "Choose an output, and link it inside.")
CHOOSE_ON_OR_OFF = Sentence("fix.choose-on-or-off", "Choose an output that is on or off, or a number.")

# ---------------------------------------------------------------- sweeps

NO_SWEEP = Sentence("sweep.none", "The workflow has no sweep.")
TOO_MANY_AXES = Sentence("sweep.too-many-axes", "The sweep has {count} axes; {most} are possible.")
SWEPT_TWICE = Sentence("sweep.twice", "'{input}' is swept twice.")
TOO_MANY_PICTURES = Sentence("sweep.too-many", "The sweep has {count:,} pictures; {most:,} are possible.")
TOO_MANY_STEPS = Sentence(
    "sweep.too-many-nodes", "{count:,} pictures of {nodes:,} nodes each are more than {most:,} nodes."
)
SWEPT_NODE_GONE = Sentence("sweep.node-gone", "A swept value is of node {node}, which is not there.")
SWEPT_INPUT_GONE = Sentence("sweep.input-gone", "The node has no input '{input}' that could be swept.")
NO_SWEPT_VALUES = Sentence("sweep.no-values", "'{input}' is to be swept, but no values are given.")
SWEPT_IS_LINKED = Sentence("sweep.linked", "'{input}' is linked, so it has no value of its own.")
WORDS_NOT_HELD = Sentence("sweep.words-not-held", "'{input}' does not hold \"{words}\", which is to be replaced.")
NO_EFFECT = Sentence("sweep.no-effect", "This does not reach the picture.")
NO_PICTURE_OF_NODE = Sentence(
    "sweep.no-picture-of-node",
    "The sheet is to show the picture of this node, which has none, or makes it in a loop.",
)
NO_PICTURE = Sentence("sweep.no-picture", "There is no picture to make a sheet of: no node shows or saves one.")
SWEEP_RUNS_ALL = Sentence("sweep.runs-all", "A sweep runs all of the workflow.")

CHOOSE_SWEPT = Sentence("fix.choose-swept", "Choose a value to sweep, with at least one value.")
TAKE_SOME_AWAY = Sentence("fix.take-some-away", "Take some away.")
TAKE_ONE_AXIS_AWAY = Sentence("fix.take-one-axis-away", "Take one of the two axes away.")
FEWER_VALUES = Sentence("fix.fewer-values", "Give it fewer values.")
SWEEP_FEWER_VALUES = Sentence("fix.sweep-fewer-values", "Give the sweep fewer values.")
SWEEP_OTHER = Sentence("fix.sweep-other", "Choose another value to sweep.")
GIVE_SOME = Sentence("fix.give-some", "Give it some.")
UNLINK_OR_SWEEP_SOURCE = Sentence("fix.unlink-or-sweep-source", "Remove the link, or sweep where it comes from.")
CHOOSE_WORDS_HELD = Sentence("fix.choose-words-held", "Choose words that it holds.")
SWEEP_OTHER_OR_NODE = Sentence("fix.sweep-other-or-node", "Sweep another value, or choose another node for the sheet.")
CHOOSE_NODE_FOR_SHEET = Sentence("fix.choose-node-for-sheet", "Choose another node for the sheet.")
ADD_SAVE_OR_PREVIEW = Sentence("fix.add-save-or-preview", "Add Save image or Preview image, and link it.")
LEAVE_OUT_TARGETS = Sentence("fix.leave-out-targets", "Leave out the nodes to run to.")
