/** A vendor's settings as the catalog describes them: JSON Schema with `x-secret`. */
export interface Setting {
  name: string;
  title: string;
  description: string;
  kind: "text" | "secret" | "number" | "flag" | "choice" | "json";
  choices: string[];
  isRequired: boolean;
  fallback: unknown;
  pattern: string | null;
}

interface Schema {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  pattern?: string;
  "x-secret"?: boolean;
}

export function settingsOf(schema: Record<string, unknown>): Setting[] {
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, Schema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, field]) => ({
    name,
    title: field.title ?? name,
    description: field.description ?? "",
    kind: kindOf(field),
    choices: (field.enum ?? []).map(String),
    isRequired: required.includes(name) && field.default === undefined,
    fallback: field.default,
    pattern: field.pattern ?? null,
  }));
}

function kindOf({ type, enum: choices, "x-secret": secret = false }: Schema): Setting["kind"] {
  if (secret) return "secret";
  if (choices !== undefined) return "choice";
  if (type === "integer" || type === "number") return "number";
  if (type === "boolean") return "flag";
  return type === "string" ? "text" : "json";
}

/** What the fields hold, as text. */
export function fieldsOf(
  settings: readonly Setting[],
  config: Record<string, unknown>,
): Record<string, string> {
  return Object.fromEntries(
    settings.map(({ name, fallback, kind }) => {
      const value = config[name] ?? fallback ?? "";
      const isText = typeof value === "string" && (kind !== "json" || value === "");
      return [name, isText ? value : JSON.stringify(value, null, 2)];
    }),
  );
}

/** The settings that the fields describe. Throws for JSON that is none, naming the field. */
export function configOf(
  settings: readonly Setting[],
  fields: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  for (const { name, title, kind } of settings) {
    const text = fields[name] ?? "";
    if (kind === "flag") config[name] = text === "true";
    else if (text === "") {
      if (kind === "text" || kind === "secret") config[name] = "";
    } else if (kind === "number") config[name] = Number(text);
    else if (kind === "json") config[name] = parseJson(text, title);
    else config[name] = text;
  }
  return config;
}

function parseJson(text: string, title: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${title} is no JSON: ${error instanceof Error ? error.message : ""}`, { cause: error });
  }
}
