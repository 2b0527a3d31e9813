import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { asSentence, languageName, plural, ROLE_WORDS, wordOf } from "../../lib/words";
import { visibleString } from "../../lib/visible-text";
import type { Message } from "../../services/wire";
import { Moment } from "../common/Badges";
import { type Author, Frame } from "../common/Frame";
import { VisibleLine } from "../common/VisibleText";
import { useCase } from "./desk-context";

const RECENT_COUNT = 2;
const AUTHORS: Readonly<Record<string, Author>> = { user: "user", assistant: "model", system: "application", tool: "tool" };

/** What was asked, and what was said before it. */
export function Conversation(): JSX.Element {
  const subject = useCase();
  const meta = [
    visibleString(subject.tenant_id),
    subject.domain === null ? null : visibleString(subject.domain),
    subject.language === null ? null : languageName(subject.language),
    subject.intent === null ? null : `${subject.intent} question`,
  ].filter((part) => part !== null);
  return (
    <section class="part" aria-labelledby="question-title">
      <div class="part__head">
        <h2 id="question-title">Question</h2>
        <span class="soft">{meta.join(" · ")}</span>
      </div>
      <p class="reason">
        {/* Beside the rail this would say twice what its rules say; on a narrow screen the rail is far below. */}
        <span class="reason__label">Why a person</span> <VisibleLine text={asSentence(subject.reason_for_escalation)} />
      </p>
      <Earlier messages={subject.messages} />
      <Frame author="user" source="Written by the user" text={subject.user_question} language={subject.language} />
      {subject.attachments.length > 0 && (
        <p class="soft">
          {plural(subject.attachments.length, "attachment")} came with it:{" "}
          {subject.attachments.map((attachment, index) => (
            <span key={index}>
              {index > 0 && ", "}
              <VisibleLine text={attachment.name} />
            </span>
          ))}
          .
        </p>
      )}
    </section>
  );
}

function Earlier({ messages }: { messages: readonly Message[] }): JSX.Element | null {
  const [all, setAll] = useState(false);
  if (messages.length === 0) return null;
  const shown = all ? messages : messages.slice(-RECENT_COUNT);
  const hidden = messages.length - shown.length;
  return (
    <div class="earlier">
      {hidden > 0 && (
        <button type="button" class="button button--quiet" onClick={() => setAll(true)}>
          Show {plural(hidden, "earlier message")}
        </button>
      )}
      <ol class="earlier__list" aria-label="Earlier messages">
        {shown.map((message, index) => (
          <li key={messages.length - shown.length + index}>
            <Frame
              author={AUTHORS[message.role] ?? "application"}
              source={`${wordOf(ROLE_WORDS, message.role)}, earlier`}
              text={message.content}
              aside={message.at === undefined || message.at === null ? undefined : <Moment at={message.at} />}
            />
          </li>
        ))}
      </ol>
    </div>
  );
}
