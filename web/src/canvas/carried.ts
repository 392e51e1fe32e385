// What moves with every frame. To a browser a new transform is a new style: Chromium then puts everything that is drawn
// on the page together anew, card by card (version 156, with `will-change` as well). Of what is animated it has
// a picture of its own and only places that. So an animation that changes nothing is held while something moves;
// `will-change` keeps the picture as it was drawn, where it would be drawn anew for each part of a pixel.

/** Nothing, added to the transform that the element has. */
const NOTHING: Keyframe[] = [{ transform: 'none' }, { transform: 'none' }];
/** More are moved as any others: each picture takes memory, and what lies above it becomes one too. */
const AT_MOST = 4;

export class Carried {
  readonly #held = new Map<HTMLElement, Animation>();

  take(element: HTMLElement): void {
    if (this.#held.has(element) || this.#held.size >= AT_MOST) return;
    const animation = element.animate(NOTHING, { duration: 1, fill: 'both', composite: 'add' });
    animation.pause();
    element.style.willChange = 'transform';
    this.#held.set(element, animation);
  }

  /** Everything is drawn with the rest again. */
  release(): void {
    for (const [element, animation] of this.#held) {
      animation.cancel();
      element.style.willChange = '';
    }
    this.#held.clear();
  }
}
