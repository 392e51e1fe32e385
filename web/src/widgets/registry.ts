// Which component draws which kind of widget. The kinds are the schema's; one file a kind.
import type { Component } from 'svelte';

import type { InputSchema, Widget } from '../document/catalogue';
import ChoicesWidget from './ChoicesWidget.svelte';
import ImageFileWidget from './ImageFileWidget.svelte';
import MaskFileWidget from './MaskFileWidget.svelte';
import ModelFileWidget from './ModelFileWidget.svelte';
import NumberWidget from './NumberWidget.svelte';
import type { WidgetProps } from './props';
import SeedWidget from './SeedWidget.svelte';
import TextWidget from './TextWidget.svelte';
import ToggleWidget from './ToggleWidget.svelte';
import VariantWidget from './VariantWidget.svelte';

const WIDGETS: Readonly<Record<Widget['kind'], Component<WidgetProps>>> = {
  number: NumberWidget,
  slider: NumberWidget,
  text: TextWidget,
  toggle: ToggleWidget,
  choices: ChoicesWidget,
  seed: SeedWidget,
  model_file: ModelFileWidget,
  image_file: ImageFileWidget,
  variant: VariantWidget,
};

/** The component for an input, or null for one that only takes links. */
export function widgetFor(input: InputSchema): Component<WidgetProps> | null {
  if (input.widget?.kind === 'image_file' && input.widget.mask_of) return MaskFileWidget;
  return input.widget ? WIDGETS[input.widget.kind] : null;
}
