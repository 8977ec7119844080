/** A colour as itself and as its name. What is no colour has no sample. */
export function Swatch({ colour }: { colour: string | null }) {
  if (colour === null || colour === "") return <>–</>;
  return (
    <>
      {CSS.supports("color", colour) ? (
        <span className="swatch" aria-hidden style={{ backgroundColor: colour }} />
      ) : null}{" "}
      <span className="mono">{colour}</span>
    </>
  );
}
