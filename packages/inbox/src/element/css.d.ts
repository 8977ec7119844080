declare module "*.css" {
  /** Its text. */
  const text: string;
  export default text;
}
