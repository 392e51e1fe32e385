// Whether keys belong to a field, a dialogue or an open list rather than to the canvas.
const FIELDS = 'input, textarea, select, [contenteditable="true"], [role="dialog"], [role="listbox"], [role="menu"]';

export function isTyping(target: EventTarget | null): boolean {
  const element = target instanceof Element ? target : document.activeElement;
  return Boolean(element?.closest(FIELDS));
}
