const sheets = new Map<string, CSSStyleSheet>();

/** Adds a style sheet to a shadow tree, once. Not as an element: the policies of strict pages refuse those. */
export function addStyles(root: ShadowRoot, css: string): void {
  let sheet = sheets.get(css);
  if (sheet === undefined) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    sheets.set(css, sheet);
  }
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
}
