// Which nodes there are: fetched once for each revision of the server's catalogue, with the packs that failed.
import { getCatalogue, refreshCatalogue } from '../api/client';
import { ApiError } from '../api/http';
import type { BrokenPack } from '../document/catalogue';
import { strings } from '../strings';
import type { Shell } from './shell.svelte';

export class KnownNodes {
  broken: readonly BrokenPack[] = $state.raw([]);
  readonly #shell: Shell;
  #revision = '';
  #loading: Promise<void> | null = null;

  constructor(shell: Shell) {
    this.#shell = shell;
  }

  /** Fetches the catalogue unless it is the one of `revision` already; asked twice at once, it is fetched once. */
  async load(revision = ''): Promise<void> {
    if (revision && revision === this.#revision) return;
    this.#loading ??= this.#fetch().finally(() => (this.#loading = null));
    await this.#loading;
  }

  /** Has the server look for models and packs again. */
  async refresh(): Promise<void> {
    await this.#shell.attempt(refreshCatalogue());
  }

  async #fetch(): Promise<void> {
    try {
      const catalogue = await getCatalogue(this.#revision);
      if (!catalogue) return;
      this.#revision = catalogue.revision;
      this.#shell.editor.document.catalogue = catalogue;
      this.#report(this.#shell.editor.document.catalogue.broken);
    } catch (error) {
      // Not known yet: the server says so when it is. What stands before the server does not: it is asked again.
      if (!(error instanceof ApiError)) throw error;
      const isOurs = error.status !== 429 && error.body !== undefined;
      if (error.retryAfter !== null && !isOurs) setTimeout(() => void this.load(), error.retryAfter);
    }
  }

  #report(broken: readonly BrokenPack[]): void {
    const news = broken.filter((pack) => !this.broken.some((known) => known.pack === pack.pack));
    this.broken = broken;
    if (news.length === 0) return;
    const action = { label: () => strings.packs.show, run: () => void (this.#shell.dialog = 'packs') };
    this.#shell.notices.add('warning', () => strings.packs.count(broken.length), news.map(({ pack }) => pack).join(', '), action);
  }
}
