/**
 * The rooms of floor 0.
 *
 * Test files that share a process: loading the program costs most of them more than their tests do. Each runs alone as well.
 */
import '../block-file/read-list.test.ts'
import '../classify/classify-reply.test.ts'
import '../classify/corpus.test.ts'
import '../classify/rule-file.test.ts'
import '../classify/rules.test.ts'
import '../config/config.test.ts'
import '../config/lists.test.ts'
import '../report/header.test.ts'
import '../report/report-parser.test.ts'
import '../report/report.test.ts'
import '../return-path/return-path.test.ts'
import '../smtp/command.test.ts'
import '../smtp/end-of-data.test.ts'
import '../smtp/reply.test.ts'
import '../smtp/transaction.test.ts'
