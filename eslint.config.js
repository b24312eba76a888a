import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["_build/", ".venv/", ".venv-d2l/", "third_party/"] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: { eqeqeq: "error", "no-var": "error", "prefer-const": "error" },
  },
  {
    files: ["tabbook/sphinx/static/*.js", "chapters/playable/*.js"],
    languageOptions: { sourceType: "script", globals: { ...globals.browser, CSS: "readonly", Highlight: "readonly" } },
  },
  {
    files: ["tests/javascript/*.js", "eslint.config.js"],
    languageOptions: { sourceType: "module", globals: globals.node },
  },
];
