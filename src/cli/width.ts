/** How wide text is on a terminal, in columns. */

/** Drawn over or inside the character before. */
const NONE = /[\p{Mn}\p{Me}\p{Cf}]/u;
/** East Asian wide and full-width characters, and what is drawn as a picture. */
const TWO =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

const isPlain = (text: string): boolean => /^[\0-\x7f]*$/.test(text);

const ofCharacter = (character: string): number => {
  if (isPlain(character)) return 1;
  if (TWO.test(character)) return 2;
  return NONE.test(character) ? 0 : 1;
};

/** The columns that a text takes: two for a wide character, none for what combines. */
export const widthOf = (text: string): number =>
  isPlain(text) ? text.length : [...text].reduce((sum, character) => sum + ofCharacter(character), 0);

/** The text, and spaces up to this width. */
export const padTo = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - widthOf(text)));

/** So many columns of a text; `…` stands for the rest. No character is cut in two. */
export const clip = (text: string, most: number): string => {
  let width = 0;
  let end = 0;
  for (const character of text) {
    width += ofCharacter(character);
    if (width > most) return `${text.slice(0, end)}…`;
    if (width < most) end += character.length;
  }
  return text;
};
