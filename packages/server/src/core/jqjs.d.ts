declare module "@michaelhomer/jqjs" {
  const jq: { compile: (program: string) => (input: unknown) => Iterable<never> };
  export default jq;
}
