// A link that opens a workflow as a form: "/#form=<id>".
const FORM = /^#form=(.+)$/;

/** The workflow that an address wants as a form; '' when it wants none. */
export function formWanted(hash: string): string {
  const found = FORM.exec(hash)?.[1] ?? '';
  try {
    return decodeURIComponent(found);
  } catch {
    return '';
  }
}

export const formAddress = (id: string): string => `${location.origin}/#form=${encodeURIComponent(id)}`;
