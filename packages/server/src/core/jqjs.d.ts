declare module "@michaelhomer/jqjs" {
  const jq: { compile: (program: string) => ((input: unknown) => Iterable<never>) & { ast: object } };
  export default jq;
}
