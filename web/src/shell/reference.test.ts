// docs/shortcuts.md is written from the table of commands: `npx vitest run -u src/shell/reference.test.ts` writes it anew.
import { expect, test } from 'vitest';

import { english } from '../strings';
import { COMMANDS, type Command, nameOf } from './commands';
import { shown } from './keys';

const INTRO = `# Shortcuts

Every command of the page, by its group. Each can be found in the palette (double-click, Tab or Space), and each shortcut
can be changed in the settings (Ctrl ,). On a Mac, Ctrl is ⌘.
`;

const cell = (keys: readonly string[]): string => keys.map((key) => `\`${shown(key, false)}\``).join(' ');

function table(commands: readonly Command[]): string {
  const rows = commands.map((command) => `| ${nameOf(command)} | ${cell(command.keys)} |`);
  return ['| command | keys |', '|---|---|', ...rows].join('\n');
}

function page(): string {
  const groups = Object.entries(english.commandGroups).map(
    ([id, name]) => `## ${name}\n\n${table(COMMANDS.filter(({ group }) => group === id))}\n`,
  );
  const own = Object.entries(english.shortcuts.ofCanvas).map(([keys, does]) => `| \`${keys}\` | ${does} |`);
  const canvas = ['## On the canvas', '', 'These stay as they are.', '', '| keys | what they do |', '|---|---|', ...own].join('\n');
  return [INTRO, ...groups, `${canvas}\n`].join('\n');
}

test('the page of shortcuts says what the code does', async () => {
  await expect(page()).toMatchFileSnapshot('../../../docs/shortcuts.md');
});

test('no key means two commands', () => {
  const keys = COMMANDS.flatMap((command) => command.keys);
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
});

test('every command is named, and every name is a command’s', () => {
  expect(COMMANDS.map(({ id }) => id).sort()).toEqual(Object.keys(english.commands).sort());
});
