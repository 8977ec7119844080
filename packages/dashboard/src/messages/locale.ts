/** English first; dates and numbers as the browser's reader writes them. */
export function getLocale(): string {
  return navigator.language.startsWith("en") ? navigator.language : "en";
}

export function formatNumber(value: number): string {
  return new Intl.NumberFormat(getLocale()).format(value);
}
