/**
 * Writes a number as Jsonnet prints it: whole numbers with all their digits, others with 17 significant ones, as C's
 * `%.17g` does, which is why 0.1 reads 0.10000000000000001.
 */
export function numberText(value: number): string {
  if (Number.isInteger(value)) return wholeText(value);
  if (!Number.isFinite(value)) return String(value);
  const { digits, power } = significantDigits(Math.abs(value));
  const sign = value < 0 ? "-" : "";
  if (power < -4) {
    const mantissa = stripZeros(`${digits.charAt(0)}.${digits.slice(1)}`);
    return `${sign}${mantissa}e-${String(-power).padStart(2, "0")}`;
  }
  const whole = power < 0 ? "0" : digits.slice(0, power + 1);
  const fraction = power < 0 ? "0".repeat(-power - 1) + digits : digits.slice(power + 1);
  return sign + stripZeros(`${whole}.${fraction}`);
}

/** Writes all digits of a whole number. */
export function wholeText(value: number): string {
  if (Object.is(value, -0)) return "-0";
  return Math.abs(value) < Number.MAX_SAFE_INTEGER ? String(value) : BigInt(value).toString();
}

const DIGITS = 17;

/** Gives the first 17 digits, rounded, and the power of ten of the first. */
function significantDigits(value: number): { digits: string; power: number } {
  const [mantissa = "", power = "0"] = value.toExponential(DIGITS - 1).split("e");
  let digits = mantissa.replace(".", "");
  // For a number exactly between two, C rounds to even and JavaScript up.
  if (value.toExponential(DIGITS).includes("5e")) {
    const exact = (value.toExponential(60).split("e")[0] ?? "").replace(".", "");
    const isEven = "02468".includes(exact.charAt(DIGITS - 1));
    if (isEven && /^50*$/.test(exact.slice(DIGITS))) digits = exact.slice(0, DIGITS);
  }
  return { digits, power: Number(power) };
}

function stripZeros(digits: string): string {
  return digits.replace(/\.?0+$/, "");
}
