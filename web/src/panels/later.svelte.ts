// The code of panels that come later. It is fetched when the page has shown its first document, so that they open at
// once, and open also when the server is gone by then.
import type * as panels from './rest';

export type Rest = typeof panels;

class Later {
  /** Null until the code is here. */
  rest: Rest | null = $state.raw(null);

  /** Fetches the code; false where it cannot be had now. Asked again, it tries again. */
  async fetch(): Promise<boolean> {
    try {
      this.rest ??= await import('./rest');
      return true;
    } catch {
      return false;
    }
  }
}

/** One for the page. */
export const later = new Later();
