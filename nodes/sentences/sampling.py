"""What the nodes that sample, and those that prepare sampling, say."""

from __future__ import annotations

from nodes.api.said import Sentence

SAW_NO_NUMBERS = Sentence("sampling.saw-no-numbers", "The model saw no numbers (NaN) at the first step.")
STEPS = Sentence("sampling.steps", "{steps} steps cannot be sampled.")
GUIDANCE = Sentence("sampling.guidance", "The guidance is {guidance}.")
TOO_LONG_A_SCHEDULE = Sentence(
    "sampling.too-long-a-schedule",
    "{steps} steps at a denoise strength of {denoise:g} are the end of a schedule with more than {most:,} steps.",
)
NO_SUCH_SAMPLER = Sentence("sampling.no-such-sampler", "There is no sampler named {sampler}.")
NOISE_NO_NUMBERS = Sentence("sampling.noise-no-numbers", "The noise holds values that are no numbers.")
DENOISE = Sentence("sampling.denoise", "The denoise strength is {denoise}.")
STEP_RANGE = Sentence("sampling.step-range", "It ends before step {end_step} but starts at step {start_step}.")
NO_STEP_LEFT = Sentence("sampling.no-step-left", "It starts at step {start_step} of {steps}, so no step is left.")
NOISE_OF_PICTURES = Sentence(
    "sampling.noise-of-pictures",
    "{sampler} adds noise as models do that add it to the picture; this model is a flow, which mixes the two.",
)
TOO_LONG_AN_EDGE = Sentence(
    "sampling.too-long-an-edge",
    "The picture would be {width} x {height}; the model has places for {longest} pixels along an edge.",
)
NO_STEP_AMONG = Sentence("sampling.no-step-among", "There is no step {step} among {count} levels.")
NO_LEVEL = Sentence("sampling.no-level", "There is no noise level to show.")
NO_STEP = Sentence("sampling.no-step", "There is no step to take.")
NO_STEP_TO_DRAW = Sentence("sampling.no-step-to-draw", "There is no step to draw.")
NO_NOISE = Sentence("sampling.no-noise", "The latent is the same everywhere, so it is no noise.")
TOO_FEW_TO_CHOOSE = Sentence("sampling.too-few-to-choose", "{steps} steps cannot be chosen from {there}.")
COEFFICIENT = Sentence("sampling.coefficient", "The coefficient is {coefficient:g}.")
NOISE_SIZE = Sentence("sampling.noise-size", "The noise is {there}, but the latent is {here}.")
MASK_UNUSED = Sentence(
    "sampling.mask-unused", "The latent has a mask of what to keep, but this node starts from noise alone."
)
SCHEDULER_UNFIT = Sentence("sampling.scheduler-unfit", "{scheduler} cannot sample this model: {error}")
NO_SUCH_SCHEDULER = Sentence("scheduler.none", "diffusers has no scheduler called {name}.")
FOR_NOISE = Sentence("scheduler.for-noise", "{name} is for models that add noise.")
FOR_FLOWS = Sentence("scheduler.for-flows", "{name} is for flows.")
OTHER_LEVELS = Sentence(
    "scheduler.other-levels",
    "diffusers' schedulers count in training steps; this model was set to other levels.",
)
NO_KARRAS = Sentence("scheduler.no-karras", "{name} has no Karras sigmas.")
NO_LAYER_NUMBER = Sentence("sampling.no-layer-number", '"{word}" is no number of a layer.')
LOOKS = Sentence("sampling.looks", "The model cannot be asked {looks} times for a step.")
EMPTY_HOLDS_NO_PICTURE = Sentence("sampling.empty-holds-no-picture", "An empty latent holds no picture.")
RATE = Sentence("sampling.rate", "The rate is {rate:g}.")
CORRECTS_NOTHING = Sentence("sampling.corrects-nothing", "{steps} steps correct nothing.")
CHANGE = Sentence("sampling.change", "The change is {change:g}.")
EVERY = Sentence("sampling.every", "Every {every}th level cannot be computed.")

# ---------------------------------------------------------------- levels and schedules

SIGMAS_RISE = Sentence("sigmas.rise", "Sigmas have to fall, but step {number} leads from {sigma:g} to {following:g}.")
SIGMAS_OF_NO_FLOW = Sentence(
    "sigmas.of-no-flow", "They start at {first:g}, but the model is a flow, whose levels end at 1."
)
NOT_BETWEEN = Sentence("sigmas.not-between", "{smallest:g} is not between 0 and {largest:g}.")
NOT_IN_SCHEDULE = Sentence("sigmas.not-in-schedule", "{steps} steps are not in this schedule.")
LAST_LEVEL = Sentence("sigmas.last-level", "The last level cannot be {terminal:g}.")
NO_NUMBER = Sentence("sigmas.no-number", '"{word}" is no number.')
NO_NOISE_LEVEL = Sentence("sigmas.no-noise-level", "{word} is no noise level.")
TOO_SMALL_A_PLOT = Sentence("sigmas.too-small-a-plot", "{width} x {height} pixels are too few for a plot.")
SHIFT = Sentence("sigmas.shift", "The shift is {shift:g}.")
NO_SHIFT = Sentence("sigmas.no-shift", "A shift is no number.")
EXPONENT = Sentence("sigmas.exponent", "At {width} x {height} the exponent would be {mu:g}.")
SPREAD = Sentence("sigmas.spread", "The spread is {sigma_data:g}.")

# ---------------------------------------------------------------- what to do

TAKE_OFF_LORAS = Sentence(
    "fix.take-off-loras", "Take off its LoRAs one by one; if that is not it, `loom models verify` tells a damaged file."
)
LARGER_DENOISE = Sentence("fix.larger-denoise", "Use a larger one, or 0 to change nothing.")
CHOOSE_SAMPLER = Sentence("fix.choose-sampler", "Use Choose sampler.")
USUAL_STEPS = Sentence("fix.usual-steps", "Use 1 to 10,000; 20 is usual.")
USUAL_GUIDANCE = Sentence("fix.usual-guidance", "Use a number; 7 is usual.")
USE_EULER_ANCESTRAL = Sentence("fix.use-euler-ancestral", "Take euler_ancestral, which knows both.")
SCALE_AFTERWARDS = Sentence("fix.scale-afterwards", "Make a smaller one and scale it up.")
USE_SMALLER_ONE = Sentence("fix.use-smaller-one", "Use a smaller one.")
MAKE_SIGMAS = Sentence("fix.make-sigmas", "Make sigmas with at least one step.")
SAMPLE_OR_ENCODE = Sentence("fix.sample-or-encode", "Sample or encode one.")
LONGER_SCHEDULE = Sentence("fix.longer-schedule", "Give it a schedule of many more steps, such as 60.")
USUAL_COEFFICIENT = Sentence("fix.usual-coefficient", "Use 0.8 to 1.5.")
NOISE_OF_SIZE = Sentence("fix.noise-of-size", "Take noise of the latent's size.")
USE_SAMPLE = Sentence("fix.use-sample", "Use Sample, or an empty latent.")
OTHER_SCHEDULER = Sentence(
    "fix.other-scheduler",
    "Choose another, such as EulerDiscreteScheduler or, for a flow, FlowMatchEulerDiscreteScheduler.",
)
WRITE_LAYERS = Sentence("fix.write-layers", "Write numbers from 0, such as 7, 8, 9.")
ENCODE_FIRST = Sentence("fix.encode-first", "Encode a picture first.")
USE_005 = Sentence("fix.use-0-05", "Use 0.05.")
USE_100 = Sentence("fix.use-100", "Use 100.")
USUAL_CHANGE = Sentence("fix.usual-change", "Use a number from 0 to 0.5; 0.1 is usual.")
USUAL_EVERY = Sentence("fix.usual-every", "Use a whole number from 1; 3 is usual.")
TURN_ROUND = Sentence("fix.turn-round", "Cut or turn them round.")
MAKE_FROM_MODEL = Sentence("fix.make-from-model", "Make them from the model itself.")
USUAL_SMALLEST = Sentence("fix.usual-smallest", "Use 0.0291675.")
USE_01 = Sentence("fix.use-0-1", "Use 0.1.")
WRITE_SIGMAS = Sentence("fix.write-sigmas", 'Write numbers such as "14.6, 2.5, 0".')
NUMBERS_FROM_0 = Sentence("fix.numbers-from-0", "Use numbers from 0 up.")
USUAL_PLOT = Sentence("fix.usual-plot", "Use 768 x 448.")
USUAL_SHIFT = Sentence("fix.usual-shift", "Use a number above 0; 3 is usual for SD 3.")
USUAL_SHIFTS = Sentence("fix.usual-shifts", "Use 0.5 and 1.15.")
USUAL_EXTREMES = Sentence("fix.usual-extremes", "Use 0.002 and 120.")
