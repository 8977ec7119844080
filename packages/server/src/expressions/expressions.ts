import { TemplateError, type TemplateEngine } from "../templates/engine.ts";
import { type JqEngine, JqError } from "@carillon/languages/jq";
import { checkJsonnet, JsonnetError, type JsonnetEngine } from "@carillon/languages/jsonnet";
import { checkSetting, createSettingEngine } from "./jsonnet-setting.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { type ContentEngines, TRANSLATE } from "./content-engines.ts";
import { createOverruns } from "./overruns.ts";

/**
 * The only access to the expression languages of workflow settings. Each engine compiles a source once and caches it;
 * each is bounded in time, depth and output, so that a hostile expression becomes its node's error.
 */
export interface Expressions {
  /**
   * The value of an expression over a run's context (payload, `$recipient`, …), where `now` is the workspace's time.
   * Never throws, whatever the source.
   */
  evaluate: (
    workspace_id: number,
    language: Language,
    source: string,
    context: JsonObject,
    now: Date,
  ) => Evaluated;
  /** Every value of a jq stream. */
  evaluateAll: (workspace_id: number, source: string, context: JsonObject, now: Date) => EvaluatedAll;
  /** Why a source can never be evaluated; null when it can. */
  check: (language: Language, source: string) => string | null;
  /** Why a source in the content of a message can never be rendered; null when it can. */
  checkTemplate: (language: TemplateLanguage, source: string) => string | null;
}

/** The languages of messages. Their Jsonnet has none of the liberties of a workflow's settings. */
export type TemplateLanguage = "jsonnet" | "handlebars";

export type Language = "jq" | "jsonnet" | "handlebars";

export type Evaluated = { ok: true; value: Json } | { ok: false; reason: string };
export type EvaluatedAll = { ok: true; values: Json[] } | { ok: false; reason: string };

export interface ExpressionEngines {
  jq: JqEngine;
  jsonnet: JsonnetEngine;
  /** Lenient and unescaped: the result of an expression is data, not a page. */
  handlebars: TemplateEngine;
  /** Those of messages: the expressions only check their sources. */
  content: Pick<ContentEngines, "handlebars">;
}

export const EMPTY_VALUE = "evaluated to empty value";

export function createExpressions({ jq, jsonnet, handlebars, content }: ExpressionEngines): Expressions {
  const overruns = createOverruns();
  const settings = createSettingEngine(jsonnet);
  const languages: Record<Language, (source: string, context: JsonObject, now: Date) => Json | undefined> = {
    jq: (source, context, now) => jq.evaluate(source, context, now),
    // Jsonnet has no clock.
    jsonnet: (source, context) => settings.evaluate(source, context),
    handlebars: (source, context, now) => handlebars.compile(source).render(context, { now }),
  };
  const checks: Record<Language, (source: string) => string | null> = {
    jq: (source) => jq.check(source),
    jsonnet: (source) => checkSetting(source)?.message ?? null,
    handlebars: (source) => checkHandlebars(handlebars, source),
  };
  /** An expression that has used up its time and failed in this workspace is not started again. */
  function bounded<T>(workspace_id: number, source: string, work: () => T): Attempt<T> {
    const reason = overruns.refusal(workspace_id, source);
    if (reason !== null) return { ok: false, reason };
    const begun = performance.now();
    const result = attempt(work);
    if (!result.ok) overruns.failed(workspace_id, source, performance.now() - begun);
    return result;
  }

  return {
    evaluate(workspace_id, language, source, context, now) {
      const result = bounded(workspace_id, source, () => languages[language](source, context, now));
      if (!result.ok) return result;
      return result.value === undefined
        ? { ok: false, reason: EMPTY_VALUE }
        : { ok: true, value: result.value };
    },
    evaluateAll(workspace_id, source, context, now) {
      const result = bounded(workspace_id, source, () => jq.evaluateAll(source, context, undefined, now));
      return result.ok ? { ok: true, values: result.value } : result;
    },
    check: (language, source) => checks[language](source),
    checkTemplate: (language, source) =>
      language === "jsonnet"
        ? (checkJsonnet(source, [TRANSLATE])?.message ?? null)
        : checkHandlebars(content.handlebars, source),
  };
}

function checkHandlebars(engine: TemplateEngine, source: string): string | null {
  const compiled = attempt(() => engine.compile(source));
  return compiled.ok ? compiled.value.problem : compiled.reason;
}

type Attempt<T> = { ok: true; value: T } | { ok: false; reason: string };

/** An author's mistake is a value; anything else is a bug and stays an exception. */
function attempt<T>(work: () => T): Attempt<T> {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    if (error instanceof JqError || error instanceof JsonnetError || error instanceof TemplateError) {
      return { ok: false, reason: error.message };
    }
    throw error;
  }
}
