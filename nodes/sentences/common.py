"""What many nodes say: numbers out of range, values that are none, and where to look for the cause."""

from __future__ import annotations

from nodes.api.said import Sentence

IS = Sentence("number.is", "The {name} is {value:g}.")
IS_EXACTLY = Sentence("number.is-exactly", "The {name} is {value}.")
VALUE_IS = Sentence("number.value-is", "It is {value:g}.")
NAMED_IS = Sentence("number.named-is", "{name} is {value:g}.")
STRENGTH_IS = Sentence("number.strength-is", "The strength is {strength:g}.")
STRENGTH_IS_NONE = Sentence(
    "number.strength-is-none", "The strength is {strength}, which is no number to multiply with."
)
NUMBER_IS_NONE = Sentence("number.is-none", "It is {number}, which is no number to multiply with.")
EMPTY_LIST = Sentence("list.empty", "The list is empty.")
NOT_IN_BATCH = Sentence("list.not-in-batch", "Numbers {first} to {last} are not all in a batch of {there}.")
RANGE_REVERSED = Sentence("number.range-reversed", "The range ends at {end:g} but starts at {start:g}.")
ENDS_BEFORE_START = Sentence("number.ends-before-start", "It ends at {second:g} but starts at {first:g}.")

# ---------------------------------------------------------------- what to do

LOOK_AT_MAKER = Sentence("fix.look-at-maker", "Look at what made it.")
USE_NUMBER = Sentence("fix.use-number", "Use a number.")
USE_SHARE = Sentence("fix.use-share", "Use a number from 0 to 1.")
USE_FROM_TO = Sentence("fix.use-from-to", "Use a number from {low:g} to {high:g}.")
USE_OR_MORE = Sentence("fix.use-or-more", "Use {low:g} or more.")
USE_AT_LEAST_1 = Sentence("fix.use-at-least-1", "Use at least 1.")
USE_SIZES_FROM_1 = Sentence("fix.use-sizes-from-1", "Use sizes of at least 1.")
USE_NOT_NEGATIVE = Sentence("fix.use-not-negative", "Use 0 or more.")
USE_1 = Sentence("fix.use-1", "Use 1.")
USE_1_TO_10 = Sentence("fix.use-1-to-10", "Use 1 to 10.")
USE_2_TO_256 = Sentence("fix.use-2-to-256", "Use 2 to 256.")
USE_BELOW_OR_ABOVE = Sentence("fix.use-below-or-above", "Use {below} or {above}.")
USE_0_TO = Sentence("fix.use-0-to", "Use 0 to {last}.")
LAST_NUMBER_IS = Sentence("fix.last-number-is", "The last is number {last}.")
LINK_ONE = Sentence("fix.link-one", "Link at least one.")
LINK_ANOTHER = Sentence("fix.link-another", "Link another one.")
MOVE_INSIDE = Sentence("fix.move-inside", "Move it inside.")
END_AFTER_START = Sentence("fix.end-after-start", "End after the start.")
MAKE_LARGER_THAN = Sentence("fix.make-larger-than", "Make {high} larger than {low}.")
USE_ORDINARY = Sentence("fix.use-ordinary-number", "Use an ordinary number.")
USE_1_OR_LESS = Sentence("fix.use-1-or-less", "Use 1, or less.")
USUAL_1 = Sentence("fix.usual-1", "Use a number; 1 is usual.")
USE_NUMBERS = Sentence("fix.use-numbers", "Use numbers.")
USE_1_TO_256 = Sentence("fix.use-1-to-256", "Use 1 to 256.")
ENDLESS_RANGE = Sentence("number.endless-range", "The range from {first} to {last} has no end.")
RANGE_COUNT = Sentence("number.range-count", "A range cannot have {count} numbers.")
BY_ZERO = Sentence("number.by-zero", "A number cannot be divided by 0.")
UNCOUNTABLE = Sentence("number.uncountable", "{a:g} {operation} {b:g} is no number a computer can hold.")
GIVE_B = Sentence("fix.give-b", "Give b another value.")
USE_OTHER_NUMBERS = Sentence("fix.use-other-numbers", "Use other numbers.")
