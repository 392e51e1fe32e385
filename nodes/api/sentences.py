"""What is said of values that inputs do not take."""

from __future__ import annotations

from nodes.api.said import Sentence

# ---------------------------------------------------------------- types and values in words

WHOLE_NUMBER = Sentence("type.int", "a whole number")
NUMBER = Sentence("type.float", "a number")
TEXT = Sentence("type.str", "text")
TRUE_OR_FALSE = Sentence("type.bool", "true or false")
A_FILE = Sentence("type.file", "a file")
ANYTHING = Sentence("type.any", "anything")
EITHER = Sentence("type.either", "{first} or {second}")
NO_VALUE = Sentence("shown.nothing", "empty")
TRUE = Sentence("shown.true", "true")
FALSE = Sentence("shown.false", "false")
LONG_NUMBER = Sentence("shown.long-number", "a number of more than 19 digits")
A_LIST = Sentence("shown.list", "a list")
AN_OBJECT = Sentence("shown.object", "an object")
OF_TYPE = Sentence("shown.of-type", "a value of type {type}")

# ---------------------------------------------------------------- what is wrong

EMPTY = Sentence("value.empty", "'{input}' is empty.")
NOT_PLAIN = Sentence("value.not-plain", "'{input}' holds {value}, but takes {type}.")
TOO_LARGE_TO_COUNT = Sentence("value.too-large-to-count", "'{input}' is {value}, too large to count with.")
TOO_LARGE = Sentence("value.too-large", "'{input}' is {value}, larger than any number can be.")
NOT_WHOLE = Sentence("value.not-whole", "'{input}' is {value}, but takes whole numbers.")
NOT_FINITE = Sentence("value.not-finite", "'{input}' is {value}, which is not a finite number.")
HALF_CHARACTER = Sentence("value.half-character", "'{input}' holds half a character at position {position}.")
WRONG_TYPE = Sentence("value.wrong-type", "'{input}' is {value}, but takes {type}.")
NO_CHOICE = Sentence("value.no-choice", "'{input}' is {value}, which is not among its choices.")
NO_FILE = Sentence("value.no-file", "'{input}' names no file.")
NO_FILE_NAME = Sentence("value.no-file-name", "'{input}' is {value}, which is no file name inside its folder.")
BELOW = Sentence("value.below", "'{input}' is {value}, less than {low}.")
ABOVE = Sentence("value.above", "'{input}' is {value}, more than {high}.")

# ---------------------------------------------------------------- what to do

GIVE_VALUE = Sentence("fix.give-value", "Give it a value.")
REMOVE_AND_LINK = Sentence("fix.remove-and-link", "Remove the value, and link it.")
USE_SMALLER = Sentence("fix.use-smaller", "Use a smaller number.")
USE_ORDINARY = Sentence("fix.use-ordinary", "Use an ordinary number.")
WRITE = Sentence("fix.write", "Write {value}.")
TYPE_AGAIN = Sentence("fix.type-again", "Delete it and type it again.")
PICK_FILE = Sentence("fix.pick-file", "Pick a file.")
PICK_LISTED_FILE = Sentence("fix.pick-listed-file", "Pick a file from the list.")
NO_OPTIONS = Sentence("fix.no-options", "There is nothing to choose from.")
CHOOSE_OF = Sentence("fix.choose-of", "Choose one of {options}.")
USE_BETWEEN = Sentence("fix.use-between", "Use a value from {low} to {high}.")
USE_FROM = Sentence("fix.use-from", "Use {low} or more.")
USE_UP_TO = Sentence("fix.use-up-to", "Use {high} or less.")
GIVE_TYPE = Sentence("fix.give-type", "Give it {type}.")
