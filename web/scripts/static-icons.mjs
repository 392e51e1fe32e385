// Lucide's icons as plain markup. The library draws each from data when it is shown, an element and an attribute at a
// time; a hundred node cards have hundreds of icons, and what stands in a template is cloned at once.

const ICON = /@lucide[\\/]svelte[\\/]dist[\\/]icons[\\/][^\\/]+\.svelte$/;
const DATA = /const iconData = (\{.*\});/;

const tag = ([name, attributes]) => `<${name} ${Object.entries(attributes).map(([key, value]) => `${key}="${value}"`).join(' ')} />`;

/** @returns {import('svelte/compiler').PreprocessorGroup} */
export function staticIcons() {
  return {
    name: 'static-icons',
    markup({ content, filename }) {
      if (!filename || !ICON.test(filename)) return undefined;
      const data = DATA.exec(content);
      if (!data) throw new Error(`${filename} has no icon in the form that is known here: see scripts/static-icons.mjs.`);
      const { size, node } = JSON.parse(data[1]);
      const code = `<script>
  const { size = ${size}, fill = 'none', 'aria-label': label = undefined } = $props();
</script>
<svg width={size} height={size} viewBox="0 0 ${size} ${size}" {fill} stroke="currentColor" stroke-width="2" stroke-linecap="round"
  stroke-linejoin="round" aria-hidden={label ? undefined : 'true'} aria-label={label} role={label ? 'img' : undefined}>${node.map(tag).join('')}</svg>`;
      return { code };
    },
  };
}
