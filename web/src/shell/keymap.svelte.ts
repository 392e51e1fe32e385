// Which keys run which command: the table's own, or those the user chose. A chord means one command at a time.
import { COMMANDS, type Command, type CommandId } from './commands';

export type ChosenKeys = Readonly<Partial<Record<CommandId, readonly string[]>>>;

export class Keymap {
  readonly #chosen: () => ChosenKeys;
  readonly #byChord = $derived.by(() => {
    const found = new Map<string, Command>();
    for (const command of COMMANDS) for (const chord of this.keysOf(command)) if (!found.has(chord)) found.set(chord, command);
    return found;
  });

  constructor(chosen: () => ChosenKeys) {
    this.#chosen = chosen;
  }

  keysOf(command: Command): readonly string[] {
    return command.fixed ? command.keys : (this.#chosen()[command.id] ?? command.keys);
  }

  isChosen(command: Command): boolean {
    return !command.fixed && this.#chosen()[command.id] !== undefined;
  }

  commandOf(chord: string): Command | undefined {
    return this.#byChord.get(chord);
  }
}
